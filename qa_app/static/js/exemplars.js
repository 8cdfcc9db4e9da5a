// Choosing a part of a call: from where the sound stands, from selected words, or a marked moment.
import { playerOn, selectedWords } from "./player.js";

const form = document.querySelector("[data-choose]");
const start = form.elements.start;
const end = form.elements.end;
const said = form.querySelector("[data-said]");
let selected = null; // a click on a button clears the selection that it is about

document.addEventListener("selectionchange", () => {
  selected = selectedWords() ?? selected;
});

const write = (ms) => {
  const tenths = Math.round(ms / 100);
  return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
};

/** Read m:ss.t, h:mm:ss or plain seconds as milliseconds, null when it is none of them. */
const read = (text) => {
  if (!/^[\d:.,]+$/.test(text.trim())) return null;
  const seconds = text.trim().replace(",", ".").split(":").reduce((sum, piece) => sum * 60 + Number(piece), 0);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
};

const takes = {
  start: () => (start.value = write(playerOn()?.ms ?? 0)),
  end: () => (end.value = write(playerOn()?.ms ?? 0)),
  nothing: () => (start.value = end.value = ""),
  words: () => {
    const span = selectedWords() ?? selected;
    said.textContent = span ? "" : form.dataset.sayNothing;
    if (!span) return;
    start.value = write(span.start_ms);
    end.value = write(span.end_ms);
  },
};

form.addEventListener("click", (event) => {
  const take = event.target.closest("[data-take]");
  if (take) takes[take.dataset.take]();
  const moment = event.target.closest("[data-take-span]");
  if (moment) {
    start.value = write(Number(moment.dataset.start));
    end.value = write(Number(moment.dataset.end));
    const offered = [...form.elements.criterion.options].some((option) => option.value === moment.dataset.criterion);
    if (offered) form.elements.criterion.value = moment.dataset.criterion;
  }
  if (event.target.closest("[data-play-chosen]")) {
    const to = read(end.value);
    playerOn()?.playFrom(read(start.value) ?? 0, to || null);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])")) return;
  const take = { "[": "start", "]": "end", e: "words" }[event.key];
  if (!take) return;
  event.preventDefault();
  takes[take]();
});
