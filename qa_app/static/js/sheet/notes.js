// Notes with their moment in the recording: kept in a hidden field of the form, shown as a list.
import { bind } from "../keys.js";
import { clock, playerOn } from "../player/playback.js";
import { turnHere } from "../transcript.js";
import { form, touch } from "./saving.js";
import { remember } from "./undo.js";

const panel = document.querySelector("[data-notes]");
const field = form.elements.notes;
const notesOf = () => JSON.parse(field.value || "[]");
let atMs = null; // the moment that the note being written is about
let back = null;

function write(value) {
  field.value = value;
  list();
  touch();
}

function set(notes) {
  const before = field.value;
  remember(() => write(before));
  write(JSON.stringify(notes));
}

function list() {
  const { sayRemove, sayShare } = panel.dataset;
  const items = notesOf().map((note, index) => {
    const item = document.createElement("li");
    const words = document.createElement("span");
    words.className = "hb-note-words";
    words.textContent = note.text;
    if (note.at_ms !== null) {
      const play = document.createElement("button");
      play.type = "button";
      play.className = "hb-time hb-figures";
      play.dataset.playFrom = note.at_ms;
      play.textContent = clock(note.at_ms / 1000);
      item.append(play);
    }
    const share = document.createElement("label");
    share.className = "hb-note-share";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = note.shared;
    box.addEventListener("change", () => set(notesOf().map((one, place) => (place === index ? { ...one, shared: box.checked } : one))));
    share.append(box, ` ${sayShare}`);
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "btn-close";
    drop.setAttribute("aria-label", sayRemove);
    drop.addEventListener("click", () => {
      set(notesOf().filter((_, place) => place !== index));
      panel.querySelector("[data-note]").focus();
    });
    item.append(words, share, drop);
    return item;
  });
  panel.querySelector("[data-note-list]").replaceChildren(...items);
  panel.querySelector("[data-note-count]").textContent = items.length || "";
}

function open(event) {
  back = document.activeElement;
  panel.open = true;
  takeMoment();
  panel.querySelector("[data-note]").focus();
  return event;
}

function takeMoment() {
  const player = playerOn();
  atMs = player ? Math.round(player.ms) : turnHere()?.start_ms ?? null;
  panel.querySelector("[data-note-at]").textContent = atMs === null ? "" : clock(atMs / 1000);
}

function add() {
  const written = panel.querySelector("[data-note]");
  const text = written.value.trim();
  if (!text) return;
  const notes = [...notesOf(), { at_ms: atMs, text, shared: false }];
  set(notes.sort((one, other) => (one.at_ms ?? 0) - (other.at_ms ?? 0)));
  written.value = "";
}

/** Show the notes, where the page has a place for them; `current` is where the keys return to. */
export function beginNotes(current) {
  if (!panel || !field) return;
  list();
  const written = panel.querySelector("[data-note]");
  panel.addEventListener("toggle", takeMoment);
  // The moment meant is the one at which writing begins.
  written.addEventListener("focus", () => written.value || takeMoment());
  written.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") add();
    (back?.isConnected && back !== document.body ? back : current()).focus({ preventScroll: true });
  });
  panel.querySelector("[data-note-add]").addEventListener("click", add);
  bind({ m: open });
}
