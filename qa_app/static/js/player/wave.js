// The picture of a sound: both channels, and the hits of phrase rules along its time.
import WaveSurfer from "/static/vendor/wavesurfer/wavesurfer.esm.js";

const BAR = { barWidth: 2, barGap: 1, barRadius: 1 };
const LEAST_SILENCE_S = 1.5;
const QUIET = 0.04; // of the loudest point
const nonce = () => document.querySelector("script[nonce]")?.nonce ?? "";
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const loudestOf = (channels) => Math.max(1, ...channels.map((levels) => levels.reduce((most, level) => Math.max(most, level), 0)));

/** Draw the picture from the peaks that the server made: the sound itself is never loaded whole. */
export async function draw(section, audio) {
  const answer = await fetch(section.dataset.peaks, { credentials: "same-origin" });
  if (!answer.ok) return null;
  const peaks = await answer.json();
  const { channels } = peaks;
  const sides = [...section.querySelectorAll(".hb-wave-names > *")];
  const colours = channels.map((_levels, index) => getComputedStyle(sides[index] ?? sides[0]).color);
  const look = () => ({ cursorColor: colour("--tblr-body-color"), progressColor: colour("--tblr-secondary") });
  const loudest = loudestOf(channels);
  const height = channels.length > 1 ? 36 : 72;
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
  return peaks;
}

/** Return where nobody is heard for a while, as [from, to] in seconds. */
export function silencesOf({ channels, points_per_second: rate }, duration) {
  const limit = QUIET * loudestOf(channels);
  const found = [];
  let from = null;
  const points = channels[0]?.length ?? 0;
  for (let place = 0; place <= points; place += 1) {
    const quiet = place < points && channels.every((levels) => levels[place] <= limit);
    if (quiet) from ??= place;
    else if (from !== null) {
      const span = [from / rate, Math.min(duration, place / rate)];
      if (span[1] - span[0] >= LEAST_SILENCE_S) found.push(span);
      from = null;
    }
  }
  return found;
}

/** Put the hits of phrase rules where they are in the recording; return their moments, in order. */
export function placeMarks(section) {
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
