// The transcript beside a player: it follows the sound; a word that is clicked is played; words and
// turns can be chosen by keys. It works without sound too: then only the turn in sight moves.
// Events on the document: "hearback:time" (detail.ms) comes in, "hearback:go" (detail.ms) goes out.
import { bind } from "./keys.js";

const list = document.querySelector("[data-turns]");
const turns = [...(list?.querySelectorAll(".hb-turn") ?? [])].map((element) => ({
  element,
  start: Number(element.dataset.start),
  end: Number(element.dataset.end),
  party: element.dataset.party,
}));
const wordsOf = (element) => [...element.querySelectorAll(".hb-word")];
let here = null; // the turn that sounds, or was gone to
let held = null; // the turn gone to, while it lasts: where two speak at once the other may be longer
let word = null;

/** Connect a transcript with its player: a word that is clicked is played. */
export function connectTranscript(transcript, player) {
  transcript.querySelector("[data-turns]")?.addEventListener("click", (event) => {
    const clicked = event.target.closest(".hb-word");
    // A click that ends a selection means the selection.
    if (clicked && document.getSelection().isCollapsed) player.playFrom(Number(clicked.dataset.start));
  });
}

document.addEventListener("hearback:time", ({ detail: { ms } }) => {
  if (!list) return;
  // A seek lands a little beside where it was meant to.
  if (held && (ms < held.start - 60 || ms >= held.end)) held = null;
  show(held ?? lastBegun(ms));
  const sounding = here ? wordsOf(here.element).find((each) => ms >= each.dataset.start && ms < each.dataset.end) : null;
  if (sounding === word) return;
  word?.classList.remove("hb-sounding");
  word = sounding;
  word?.classList.add("hb-sounding");
});

function show(turn, { always = false } = {}) {
  if (turn === here) return;
  here?.element.classList.remove("hb-here");
  here?.element.removeAttribute("aria-current");
  here = turn;
  here?.element.classList.add("hb-here");
  here?.element.setAttribute("aria-current", "true");
  const follow = document.querySelector("[data-follow]");
  if (here && (always || !follow || follow.checked)) bringIntoSight(here.element);
}

/** Return the turn that sounds, or the last one before the moment; turns are in order of start. */
function lastBegun(ms) {
  let low = 0;
  let high = turns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (turns[middle].start <= ms) low = middle + 1;
    else high = middle;
  }
  // Where two speak at once, the one that lasts longer is still there when the other has ended.
  for (let index = low - 1; index >= 0 && index > low - 4; index -= 1) {
    if (turns[index].end > ms) return turns[index];
  }
  return turns[low - 1] ?? null;
}

function bringIntoSight(turn) {
  // Only the list scrolls: a page that jumps under a person who writes would be unbearable.
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const top = () => turn.getBoundingClientRect().top - list.getBoundingClientRect().top + list.scrollTop - list.clientHeight / 3;
  const far = Math.abs(top() - list.scrollTop) > 2 * list.clientHeight;
  list.scrollTo({ top: Math.max(0, top()), behavior: calm || far ? "auto" : "smooth" });
  // Turns out of sight are not laid out, so that a far one lies somewhere else than it seemed.
  if (far) requestAnimationFrame(() => list.scrollTo({ top: Math.max(0, top()) }));
}

/** Ask the player, if there is one, to be at a moment. */
function go(ms) {
  document.dispatchEvent(new CustomEvent("hearback:go", { detail: { ms } }));
}

/** Go to the next (1) or the one before (-1), of anybody or of one party; false when there is none. */
export function goToTurn(step, party = null) {
  const from = here ? turns.indexOf(here) : -1;
  let index = from + step;
  while (turns[index] && party && turns[index].party !== party) index += step;
  if (!turns[index]) return false;
  document.getSelection().removeAllRanges();
  held = turns[index];
  show(held, { always: true });
  go(held.start);
  return true;
}

if (turns.length) {
  bind({
    "]": () => goToTurn(1),
    "[": () => goToTurn(-1),
    a: () => goToTurn(1, "agent"),
    "shift+a": () => goToTurn(-1, "agent"),
    u: () => goToTurn(1, "customer"),
    "shift+u": () => goToTurn(-1, "customer"),
    w: () => list.focus({ preventScroll: true }),
  });
}

/**
 * Let the arrows choose in a transcript that has the focus: ← and →, with Shift for more than one,
 * words, from those that are chosen on, else from the turn that sounds; ↑ and ↓ turns.
 */
function chooseByKeys() {
  let anchor = 0;
  let head = -1;
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== list) return;
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (down) {
      event.preventDefault();
      goToTurn(down);
      return;
    }
    if (event.key === "Enter") {
      const first = wordsIn()[0] ?? here?.element.querySelector(".hb-word");
      if (first) document.dispatchEvent(new CustomEvent("hearback:go", { detail: { ms: Number(first.dataset.start), play: true } }));
      return;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const words = step ? wordsOf(list) : [];
    if (!words.length) return;
    event.preventDefault();
    const selected = wordsIn().map((each) => words.indexOf(each));
    if (!selected.length) head = words.indexOf(list.querySelector(".hb-here .hb-word")) - (step > 0 ? 1 : 0);
    else if (head !== selected[0] && head !== selected.at(-1)) [anchor, head] = [selected[0], selected.at(-1)];
    head = Math.min(words.length - 1, Math.max(0, head + step));
    if (!event.shiftKey || !selected.length) anchor = head;
    const [first, last] = [Math.min(anchor, head), Math.max(anchor, head)].map((number) => words[number]);
    choose(first, last);
    words[head].scrollIntoView({ block: "nearest" });
  });
}

if (list) chooseByKeys();

/** Select from one word to another. */
export function choose(first, last) {
  document.getSelection().setBaseAndExtent(first, 0, last, last.childNodes.length);
}

/** Return the elements of the words that are selected in the transcript. */
export function wordsIn(root = document) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return [];
  const range = selection.getRangeAt(0);
  return [...root.querySelectorAll("[data-transcript] .hb-turn")]
    .filter((turn) => range.intersectsNode(turn))
    .flatMap(wordsOf)
    .filter((each) => range.intersectsNode(each) && !touchesOnly(range, each));
}

/** Return the words that are selected in the transcript, as {start_ms, end_ms, words}, or null. */
export function selectedWords(root = document) {
  return spanOf(wordsIn(root));
}

/** Return elements of words as {start_ms, end_ms, words}; null for none. */
export function spanOf(words) {
  if (!words.length) return null;
  return {
    start_ms: Number(words[0].dataset.start),
    end_ms: Math.max(...words.map((each) => Number(each.dataset.end))),
    words: textOf(words),
  };
}

/** Return the turn that sounds, or was gone to, as {start_ms, end_ms, words}, or null. */
export function turnHere() {
  return here ? { start_ms: here.start, end_ms: here.end, words: textOf(wordsOf(here.element)) } : null;
}

/** Return what is said between two moments, as one text. */
export function wordsBetween(fromMs, toMs) {
  const met = turns.filter((turn) => turn.start < toMs && turn.end > fromMs);
  const words = met.flatMap((turn) => wordsOf(turn.element));
  return textOf(words.filter((each) => Number(each.dataset.start) < toMs && Number(each.dataset.end) > fromMs));
}

/** Return what elements of words say, without what stands between them for screen readers. */
export function textOf(words) {
  return [...words].map((each) => each.textContent).join("").trim();
}

/** Tell whether a range only touches a word's edge: a selection ends where the next word begins. */
function touchesOnly(range, each) {
  const inside = document.createRange();
  inside.selectNodeContents(each);
  return (
    range.compareBoundaryPoints(Range.END_TO_START, inside) >= 0 ||
    range.compareBoundaryPoints(Range.START_TO_END, inside) <= 0
  );
}
