// Playing: where the sound is, how fast, what is skipped, what is heard again and again.
import { bind, choices } from "../keys.js";
import { connectTranscript, selectedWords, turnHere } from "../transcript.js";
import { balance } from "./channels.js";
import { draw, placeMarks, silencesOf } from "./wave.js";

const STEP_S = 5;
const LONG_STEP_S = 30;
const BEFORE_SILENCE_ENDS_S = 0.25;
const SAID_MS = 6000;
const PATIENCE_MS = 2500;
const players = new WeakMap();

/** Return the player inside (or of) an element, if there is one: {playFrom, pause, ms, span}. */
export function playerOn(element = document) {
  const section = element.matches?.("[data-player]") ? element : element.querySelector("[data-player]");
  return section ? players.get(section) : undefined;
}

export const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
};

/** Bring a player to life, once: a page asks for this module by two addresses. */
export function start(section) {
  if (players.has(section)) return;
  const audio = section.querySelector("audio");
  const bar = section.querySelector(".hb-player-bar");
  const time = section.querySelector("[data-time]");
  const speed = section.querySelector("[data-speed]");
  const trouble = section.querySelector(".hb-player-trouble");
  const said = section.querySelector("[data-player-says]");
  const region = section.querySelector("[data-span]");
  const stretches = JSON.parse(section.dataset.stretches || "[]");
  const whole = Math.max(1, Number(section.dataset.duration));
  const hits = placeMarks(section);
  let stopAt = null;
  let loop = null; // {start_ms, end_ms} while a span is repeated
  let marked = null; // {start_ms, end_ms?}: a span that was marked by keys
  let lastSpan = null; // the span that was played last, such as evidence
  let silences = stretches.filter(([kind]) => kind !== "overlap").map(([, from, to]) => [from / 1000, to / 1000]);

  let saying = 0;
  const say = (words) => {
    said.textContent = words;
    clearTimeout(saying);
    saying = setTimeout(() => (said.textContent = ""), SAID_MS);
  };
  const player = {
    get ms() {
      return audio.currentTime * 1000;
    },
    /** The span that was marked by keys, {start_ms, end_ms}, or null. */
    get span() {
      return marked?.end_ms === undefined ? null : marked;
    },
    /** Play from a moment, and stop at another when it is given. */
    playFrom(fromMs, toMs = null) {
      audio.currentTime = fromMs / 1000;
      stopAt = toMs === null ? null : toMs / 1000;
      if (toMs !== null) lastSpan = { start_ms: fromMs, end_ms: toMs };
      showTime();
      audio.play().catch(() => {});
    },
    pause: () => audio.pause(),
    dropSpan() {
      marked = null;
      showSpan();
    },
  };
  players.set(section, player);

  const seek = (seconds) => {
    stopAt = null;
    audio.currentTime = Math.min(audio.duration || Infinity, Math.max(0, seconds));
    // At once, since the next key may come before the browser says so.
    showTime();
  };
  /** Go to the next of some moments, or the one before; round and round. */
  const jump = (moments, step = 1) => {
    if (!moments.length) return say(section.dataset.sayNone);
    // The tolerance is what a seek is off by; going back skips what has only just begun.
    const ms = player.ms;
    const found = step > 0 ? moments.find((one) => one > ms + 100) ?? moments[0] : moments.findLast((one) => one < ms - 1500) ?? moments.at(-1);
    player.playFrom(found);
  };
  const starts = (kind) => stretches.filter(([name]) => name === kind).map(([, from]) => from);
  const pace = (by) => {
    speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + by));
    setPace();
  };
  const setPace = () => {
    audio.defaultPlaybackRate = audio.playbackRate = Number(speed.value);
    choices.set("speed", speed.value);
  };
  const press = (act, on) => section.querySelector(`[data-act=${act}]`)?.setAttribute("aria-pressed", String(on));
  const showSpan = () => {
    const span = loop ?? marked;
    region.hidden = !span;
    if (!span) return;
    region.style.insetInlineStart = `${(100 * span.start_ms) / whole}%`;
    region.style.width = `${(100 * ((span.end_ms ?? span.start_ms) - span.start_ms)) / whole}%`;
  };
  const setLoop = (span) => {
    loop = span;
    press("loop", Boolean(loop));
    showSpan();
    say(loop ? section.dataset.sayLoop.replace("{from}", clock(loop.start_ms / 1000)).replace("{to}", clock(loop.end_ms / 1000)) : "");
    if (loop) player.playFrom(loop.start_ms);
  };
  let skipping = choices.get("skip") === "on";
  const skip = (on) => {
    skipping = on;
    choices.set("skip", on ? "on" : "off");
    press("skip", on);
  };

  const acts = {
    play: () => {
      stopAt = null;
      if (audio.paused) audio.play().catch(() => {});
      else audio.pause();
    },
    back: () => seek(audio.currentTime - STEP_S),
    forward: () => seek(audio.currentTime + STEP_S),
    hit: () => jump(hits),
    overlap: () => jump(starts("overlap")),
    silence: () => jump(starts("dead_air")),
    skip: () => skip(!skipping),
    loop: () => setLoop(loop ? null : selectedWords() ?? player.span ?? lastSpan ?? turnHere()),
  };
  bind({
    " ": acts.play,
    k: acts.play,
    j: acts.back,
    l: acts.forward,
    "shift+j": () => seek(audio.currentTime - LONG_STEP_S),
    "shift+l": () => seek(audio.currentTime + LONG_STEP_S),
    ",": () => pace(-1),
    ".": () => pace(1),
    f: acts.skip,
    r: acts.loop,
    v: acts.overlap,
    "shift+v": () => jump(starts("overlap"), -1),
    d: acts.silence,
    "shift+d": () => jump(starts("dead_air"), -1),
    i: () => {
      marked = { start_ms: Math.round(player.ms) };
      showSpan();
      say(section.dataset.sayFrom.replace("{from}", clock(audio.currentTime)));
    },
    o: () => {
      const [from, to] = [marked?.start_ms ?? lastSpan?.start_ms ?? 0, Math.round(player.ms)].sort((one, other) => one - other);
      if (to - from < 1) return;
      marked = { start_ms: from, end_ms: to };
      showSpan();
      say(section.dataset.saySpan.replace("{from}", clock(from / 1000)).replace("{to}", clock(to / 1000)));
    },
  });
  if (hits.length) bind({ h: acts.hit, "shift+h": () => jump(hits, -1) });

  bar.hidden = false;
  section.querySelector(".hb-wave-row").hidden = false;
  audio.controls = false;
  bar.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
  speed.addEventListener("change", setPace);
  if ([...speed.options].some((option) => option.value === choices.get("speed"))) {
    speed.value = choices.get("speed");
    audio.defaultPlaybackRate = audio.playbackRate = Number(speed.value);
  }
  press("skip", skipping);
  balance(section, audio, say);

  const showState = () => {
    const playing = !audio.paused;
    section.querySelector("[data-act=play]").setAttribute("aria-pressed", String(playing));
    section.querySelector("[data-when=playing]").hidden = !playing;
    section.querySelector("[data-when=paused]").hidden = playing;
  };
  const showTime = () => {
    const at = audio.currentTime;
    if (stopAt !== null && at >= stopAt) {
      stopAt = null;
      audio.pause();
    } else if (loop && !audio.paused && at >= loop.end_ms / 1000) {
      audio.currentTime = loop.start_ms / 1000;
    } else if (skipping && !audio.paused && stopAt === null && !loop) {
      const silence = silences.find(([from, to]) => at > from + BEFORE_SILENCE_ENDS_S && at < to - 2 * BEFORE_SILENCE_ENDS_S);
      if (silence) audio.currentTime = silence[1] - BEFORE_SILENCE_ENDS_S;
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

  // After seeks in quick succession a browser may stop reading, and would wait for ever.
  let waiting = 0;
  audio.addEventListener("waiting", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (audio.paused || audio.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
      const at = audio.currentTime;
      audio.load();
      audio.currentTime = at;
      audio.play().catch(() => {});
    }, PATIENCE_MS);
  });

  // The browser tells the time four times a second: words need it more often while playing.
  const tick = () => {
    if (audio.paused) return;
    showTime();
    requestAnimationFrame(tick);
  };
  audio.addEventListener("play", () => requestAnimationFrame(tick));

  document.addEventListener("hearback:go", ({ detail: { ms, play } }) => {
    if (play) player.playFrom(ms);
    else seek(ms / 1000);
  });
  document.addEventListener("click", (event) => {
    const from = event.target.closest("[data-play-from]");
    if (!from) return;
    const to = from.dataset.playTo;
    player.playFrom(Number(from.dataset.playFrom), to === undefined ? null : Number(to));
  });
  section.querySelector(".hb-wave-column").addEventListener("click", (event) => {
    const strip = event.target.closest("svg");
    if (!strip) return;
    const { left, width } = strip.getBoundingClientRect();
    seek((((event.clientX - left) / width) * whole) / 1000);
  });

  for (const words of document.querySelectorAll("[data-transcript]")) connectTranscript(words, player);
  if (section.dataset.peaks) {
    draw(section, audio).then((peaks) => {
      section.dataset.drawn = peaks ? "yes" : "no";
      if (peaks) silences = [...silences, ...silencesOf(peaks, whole / 1000)].sort((one, other) => one[0] - other[0]);
    });
  }
}
