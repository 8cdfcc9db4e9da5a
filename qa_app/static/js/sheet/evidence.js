// Moments of the recording that show why an answer was given, as chips that play.
import { bind } from "../keys.js";
import { playerOn, clock } from "../player/playback.js";
import { selectedWords, turnHere, wordsBetween } from "../transcript.js";
import { form, show, touch } from "./saving.js";
import { remember } from "./undo.js";

const say = form.dataset;
const NEAR_MS = 10_000; // without words: so much before the moment that sounds

export function spansOf(box) {
  return JSON.parse(box.querySelector("[data-evidence]").value || "[]");
}

function setSpans(box, spans) {
  const before = box.querySelector("[data-evidence]").value;
  remember(() => write(box, before));
  write(box, JSON.stringify(spans));
}

function write(box, value) {
  box.querySelector("[data-evidence]").value = value;
  list(box);
  touch();
}

function part(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Show the moments of a criterion. */
export function list(box) {
  const items = spansOf(box).map((span, index) => {
    const times = `${clock(span.start_ms / 1000)}–${clock(span.end_ms / 1000)}`;
    const item = part("li", "hb-chip", "");
    const play = part("button", "hb-chip-play", "");
    play.type = "button";
    play.dataset.playFrom = span.start_ms;
    play.dataset.playTo = span.end_ms;
    play.title = span.words;
    play.append(part("span", "hb-chip-time hb-figures", `▸ ${times}`));
    if (span.words) play.append(" ", part("q", "", span.words));
    play.setAttribute("aria-label", `${say.sayPlay} ${times} ${span.words}`.trim());
    const drop = part("button", "btn-close", "");
    drop.type = "button";
    drop.setAttribute("aria-label", `${say.sayRemove} ${times}`);
    drop.addEventListener("click", () => remove(box, index));
    item.addEventListener("keydown", (event) => {
      if (!["Delete", "Backspace"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      remove(box, index);
    });
    item.append(play, drop);
    return item;
  });
  box.querySelector("[data-moments]").replaceChildren(...items);
}

function remove(box, index) {
  setSpans(box, spansOf(box).filter((_, place) => place !== index));
  show(say.sayRemoved, "hint");
  const chips = box.querySelectorAll(".hb-chip-play");
  (chips[Math.min(index, chips.length - 1)] ?? box).focus({ preventScroll: true });
}

// The last selection in the transcript: a click on the button that marks it may clear it.
let selected = null;
document.addEventListener("selectionchange", () => {
  selected = selectedWords() ?? selected;
});
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("[data-mark], [data-turns]")) selected = null;
});

/** What is meant: selected words, the span marked by keys, the turn that sounds, the moment. */
function meant() {
  const words = selectedWords() ?? selected;
  if (words) return words;
  const player = playerOn();
  if (player?.span) return { ...player.span, words: wordsBetween(player.span.start_ms, player.span.end_ms) };
  const turn = turnHere();
  if (turn) return turn;
  const ms = Math.round(player?.ms ?? 0);
  return ms ? { start_ms: Math.max(0, ms - NEAR_MS), end_ms: ms, words: "" } : null;
}

/** Attach what is meant to a criterion. */
export function mark(box) {
  const span = meant();
  if (!span) {
    show(say.sayMark, "hint");
    return;
  }
  selected = null;
  document.getSelection().removeAllRanges();
  playerOn()?.dropSpan();
  if (spansOf(box).some((one) => one.start_ms === span.start_ms && one.end_ms === span.end_ms)) return;
  setSpans(box, [...spansOf(box), span]);
}

/** A suggested moment becomes evidence like one that was marked; the answer stays a person's. */
export function attach(box, button) {
  if (!button) return false;
  const { start, end, words } = button.dataset;
  setSpans(box, [...spansOf(box), { start_ms: Number(start), end_ms: Number(end), words }]);
  button.closest(".hb-suggestion").remove();
  return true;
}

/** What is evidence already is suggested no more. */
function dropAttached() {
  for (const button of form.querySelectorAll("[data-suggest]")) {
    const { start, end } = button.dataset;
    const spans = spansOf(button.closest("[data-criterion]"));
    if (spans.some((span) => span.start_ms === Number(start) && span.end_ms === Number(end))) button.closest(".hb-suggestion").remove();
  }
}

/** Show all moments; `current` gives the criterion that keys mean. */
export function beginEvidence(current) {
  for (const box of form.querySelectorAll("[data-criterion]")) list(box);
  dropAttached();
  if (!form.querySelector("[data-mark]")) return;
  let played = -1;
  bind({
    e: () => mark(current()),
    g: () => {
      const chips = [...current().querySelectorAll(".hb-chip-play")];
      if (!chips.length) return false;
      played = (played + 1) % chips.length;
      chips[played].click();
    },
    s: () => attach(current(), current().querySelector("[data-suggest]")),
    Delete: () => spansOf(current()).length > 0 && remove(current(), spansOf(current()).length - 1),
    Backspace: () => spansOf(current()).length > 0 && remove(current(), spansOf(current()).length - 1),
  });
}
