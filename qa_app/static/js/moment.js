// Takes a moment of the recording into a field, or along to another page: the words that are
// selected in the transcript, else where the recording stands.
import { playerOn } from "./player.js";
import { selectedWords } from "./transcript.js";

const two = (number) => String(number).padStart(2, "0");

/** Write milliseconds as m:ss or h:mm:ss, as the server reads them. */
function clock(ms) {
  const whole = Math.floor(ms / 1000);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

function moment() {
  const words = selectedWords();
  if (words) {
    const end = Math.max(Math.ceil(words.end_ms / 1000), Math.floor(words.start_ms / 1000) + 1) * 1000;
    return `${clock(words.start_ms)}-${clock(end)}`;
  }
  return clock(playerOn()?.ms ?? 0);
}

// A click would end the selection before it is read.
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[data-take-moment]")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take-moment]");
  if (!button) return;
  const field = document.getElementById(button.dataset.takeMoment);
  field.value = moment();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

for (const button of document.querySelectorAll("[data-take-moment]")) button.hidden = false;

// A link that leads on with the moment the recording stands at.
for (const link of document.querySelectorAll("a[data-with-moment]")) {
  link.addEventListener("click", () => {
    const target = new URL(link.href);
    const ms = selectedWords()?.start_ms ?? playerOn()?.ms ?? 0;
    if (ms >= 1000) target.searchParams.set("at", clock(ms));
    link.href = target.href;
  });
}
