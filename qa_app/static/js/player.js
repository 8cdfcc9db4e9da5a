// The player of a recording: one <audio> element, its picture, keys, and the transcript beside it.
//
// Without this script (or before the picture is made) the browser's own controls are there.
// Other scripts: import { playerOn, selectedWords } from "./player.js"; events on the section:
// "hearback:time" with detail.ms while the sound goes on or is moved.
import WaveSurfer from "/static/vendor/wavesurfer/wavesurfer.esm.js";
import { connectTranscript } from "./transcript.js";

export { selectedWords } from "./transcript.js";

const STEP_S = 5;
const BAR = { barWidth: 2, barGap: 1, barRadius: 1 };
const players = new WeakMap();

/** Return the player inside (or of) an element, if there is one: {playFrom, pause, ms}. */
export function playerOn(element = document) {
  const section = element.matches?.("[data-player]") ? element : element.querySelector("[data-player]");
  return section ? players.get(section) : undefined;
}

const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
};

const nonce = () => document.querySelector("script[nonce]")?.nonce ?? "";
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function start(section) {
  const audio = section.querySelector("audio");
  const bar = section.querySelector(".hb-player-bar");
  const time = section.querySelector("[data-time]");
  const speed = section.querySelector("[data-speed]");
  const trouble = section.querySelector(".hb-player-trouble");
  const hits = placeMarks(section);
  let stopAt = null;

  const player = {
    get ms() {
      return audio.currentTime * 1000;
    },
    /** Play from a moment, and stop at another when it is given. */
    playFrom(fromMs, toMs = null) {
      audio.currentTime = fromMs / 1000;
      stopAt = toMs === null ? null : toMs / 1000;
      audio.play().catch(() => {});
    },
    pause: () => audio.pause(),
  };
  players.set(section, player);

  const acts = {
    play: () => {
      stopAt = null;
      if (audio.paused) audio.play().catch(() => {});
      else audio.pause();
    },
    back: () => (audio.currentTime = Math.max(0, audio.currentTime - STEP_S)),
    forward: () => (audio.currentTime = Math.min(audio.duration || Infinity, audio.currentTime + STEP_S)),
    slower: () => pace(-1),
    faster: () => pace(1),
    hit: () => {
      // From the last hit on to the first one again; the tolerance is what a seek is off by.
      const next = hits.find((ms) => ms > player.ms + 100) ?? hits[0];
      if (next !== undefined) player.playFrom(next);
    },
  };
  const pace = (by) => {
    speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + by));
    audio.playbackRate = Number(speed.value);
  };

  bar.hidden = false;
  audio.controls = false;
  bar.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
  speed.addEventListener("change", () => (audio.playbackRate = Number(speed.value)));
  document.addEventListener("keydown", (event) => {
    const act = keyAct(event);
    if (!act) return;
    event.preventDefault();
    acts[act]();
  });

  const showState = () => {
    const playing = !audio.paused;
    section.querySelector("[data-act=play]").setAttribute("aria-pressed", String(playing));
    section.querySelector("[data-when=playing]").hidden = !playing;
    section.querySelector("[data-when=paused]").hidden = playing;
  };
  const showTime = () => {
    if (stopAt !== null && audio.currentTime >= stopAt) {
      stopAt = null;
      audio.pause();
    }
    time.textContent = clock(audio.currentTime);
    section.dispatchEvent(new CustomEvent("hearback:time", { detail: { ms: player.ms }, bubbles: true }));
  };
  audio.addEventListener("play", showState);
  audio.addEventListener("pause", showState);
  for (const moved of ["timeupdate", "seeking", "seeked"]) audio.addEventListener(moved, showTime);
  audio.addEventListener("error", () => {
    trouble.textContent = section.dataset.trouble;
    trouble.hidden = false;
  });

  // The browser tells the time four times a second: words need it more often while playing.
  const tick = () => {
    if (audio.paused) return;
    showTime();
    requestAnimationFrame(tick);
  };
  audio.addEventListener("play", () => requestAnimationFrame(tick));

  document.addEventListener("click", (event) => {
    const from = event.target.closest("[data-play-from]");
    if (!from) return;
    const to = from.dataset.playTo;
    player.playFrom(Number(from.dataset.playFrom), to === undefined ? null : Number(to));
  });

  for (const words of document.querySelectorAll("[data-transcript]")) connectTranscript(words, section, player);
  if (section.dataset.peaks) draw(section, audio);
}

/** Return what a key does here: nothing while somebody writes or a control takes the key itself. */
function keyAct(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const target = event.target;
  const writes = target.isContentEditable || target.matches?.("textarea, select, input:not([type=radio], [type=checkbox], [type=button])");
  if (writes) return null;
  if (event.key === " ") return target.closest?.("button, a, summary, input, [role=button]") ? null : "play";
  return { j: "back", l: "forward", ",": "slower", ".": "faster", h: "hit" }[event.key.toLowerCase()] ?? null;
}

/** Put the hits of phrase rules where they are in the recording; return their moments, in order. */
function placeMarks(section) {
  const list = section.querySelector("[data-marks]");
  if (!list) return [];
  list.classList.add("hb-marks-placed");
  const whole = Math.max(1, Number(section.dataset.duration));
  const buttons = [...list.querySelectorAll("button")];
  for (const button of buttons) {
    const share = Math.min(1, Number(button.dataset.playFrom) / whole);
    button.parentElement.style.insetInlineStart = `${share * 100}%`;
  }
  return buttons.map((button) => Number(button.dataset.playFrom)).sort((one, other) => one - other);
}

/** Draw the picture from the peaks that the server made: the sound itself is never loaded whole. */
async function draw(section, audio) {
  const answer = await fetch(section.dataset.peaks, { credentials: "same-origin" });
  if (!answer.ok) return;
  const { channels } = await answer.json();
  const row = section.querySelector(".hb-wave-row");
  row.hidden = false;
  const sides = [...section.querySelectorAll(".hb-wave-names > span")];
  const colours = channels.map((_levels, index) => getComputedStyle(sides[index] ?? sides[0]).color);
  const look = () => ({ cursorColor: colour("--tblr-body-color"), progressColor: colour("--tblr-secondary") });
  const loudest = Math.max(1, ...channels.map((levels) => levels.reduce((most, level) => Math.max(most, level), 0)));
  const height = channels.length > 1 ? 44 : 64;
  WaveSurfer.create({
    container: section.querySelector("[data-wave]"),
    media: audio,
    peaks: channels.map((levels) => levels.map((level) => level / loudest)),
    duration: Number(section.dataset.duration) / 1000,
    cspNonce: nonce(),
    height,
    ...BAR,
    ...look(),
    waveColor: colours[0],
    splitChannels: channels.length > 1 ? colours.map((waveColor) => ({ waveColor, height, ...BAR, ...look() })) : undefined,
    dragToSeek: true,
  });
}

for (const section of document.querySelectorAll("[data-player]")) start(section);
