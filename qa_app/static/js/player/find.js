// Search inside the transcript: / goes to the field, Enter from one find to the next, Esc back.
import { bind } from "../keys.js";
import { choose } from "../transcript.js";

const field = document.querySelector("[data-find]");
const count = document.querySelector("[data-found-count]");
let found = []; // each the words of a find, in order
let at = -1;
let back = null; // who had the focus before

/** Return the finds of some words in one turn, as lists of its words. */
function findsIn(turn, sought) {
  const words = [...turn.querySelectorAll(".hb-word")];
  const said = words.map((word) => word.textContent.toLowerCase());
  const text = said.join("");
  let length = 0;
  const ends = said.map((part) => (length += part.length));
  const finds = [];
  for (let begin = text.indexOf(sought); begin >= 0; begin = text.indexOf(sought, begin + sought.length)) {
    const first = ends.findIndex((end) => end > begin);
    const last = ends.findIndex((end) => end >= begin + sought.length);
    finds.push(words.slice(first, last + 1));
  }
  return finds;
}

function search() {
  for (const word of document.querySelectorAll(".hb-found, .hb-found-now")) word.classList.remove("hb-found", "hb-found-now");
  const sought = field.value.trim().toLowerCase();
  found = sought ? [...document.querySelectorAll("[data-turns] .hb-turn")].flatMap((turn) => findsIn(turn, sought)) : [];
  for (const words of found) for (const word of words) word.classList.add("hb-found");
  at = -1;
  tell();
}

function tell() {
  const { none, some } = count.dataset;
  count.textContent = !field.value.trim() ? "" : !found.length ? none : some.replace("{at}", Math.max(0, at) + 1).replace("{all}", found.length);
}

function step(by) {
  if (!found.length) return;
  for (const word of found[at] ?? []) word.classList.remove("hb-found-now");
  at = (at + by + found.length) % found.length;
  for (const word of found[at]) word.classList.add("hb-found-now");
  document.dispatchEvent(new CustomEvent("hearback:go", { detail: { ms: Number(found[at][0].dataset.start) } }));
  found[at][0].scrollIntoView({ block: "nearest" });
  tell();
}

/** Back to where one was; the find is now what is selected, so that it can be made evidence. */
function leave() {
  const words = found[at];
  (back?.isConnected ? back : document.querySelector("[data-turns]"))?.focus({ preventScroll: true });
  if (words) choose(words[0], words.at(-1));
}

if (field) {
  field.addEventListener("focus", (event) => (back = event.relatedTarget ?? back));
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") leave();
    else step(event.shiftKey ? -1 : 1);
  });
  document.addEventListener("click", (event) => {
    const by = event.target.closest("[data-find-step]")?.dataset.findStep;
    if (by) step(Number(by));
  });
  bind({
    "/": () => {
      back = document.activeElement === document.body ? null : document.activeElement;
      field.focus();
      field.select();
    },
  });
}
