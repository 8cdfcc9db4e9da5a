// Words that are to be hidden by hand: what is selected in the transcript goes into the form.
import { textOf, wordsIn } from "./transcript.js";

const form = document.querySelector("[data-hide-words]");
const shown = form.querySelector("[data-chosen]");
const turnOf = (word) => word.closest("[data-position]");
let chosen = [];

document.addEventListener("selectionchange", () => {
  const words = wordsIn();
  // A click on the button may clear the selection: what was selected before it is meant, and shown.
  if (!words.length) return;
  chosen = words;
  shown.textContent = textOf(words);
  shown.hidden = false;
});

form.addEventListener("submit", (event) => {
  // Hiding a part of what is selected would leave the rest to be read by a person who trusts in it.
  if (new Set(chosen.map(turnOf)).size !== 1) {
    event.preventDefault();
    form.querySelector("[data-said]").textContent = form.dataset.sayNone;
    return;
  }
  form.elements.position.value = turnOf(chosen[0]).dataset.position;
  form.elements.first.value = chosen[0].dataset.place;
  form.elements.last.value = chosen.at(-1).dataset.place;
});
