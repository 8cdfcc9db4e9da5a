// Words that are to be hidden by hand: what is selected in the transcript goes into the form.
import { wordsIn } from "./transcript.js";

const form = document.querySelector("[data-hide-words]");
let chosen = [];

document.addEventListener("selectionchange", () => {
  const words = wordsIn();
  // A click on the button clears the selection: what was selected before it is meant.
  if (words.length) chosen = words;
});

form?.addEventListener("submit", (event) => {
  const turn = chosen[0]?.closest("[data-position]");
  const words = chosen.filter((word) => word.closest("[data-position]") === turn);
  if (!turn) {
    event.preventDefault();
    form.querySelector("[data-said]").textContent = form.dataset.sayNone;
    return;
  }
  form.elements.position.value = turn.dataset.position;
  form.elements.first.value = words[0].dataset.place;
  form.elements.last.value = words.at(-1).dataset.place;
});
