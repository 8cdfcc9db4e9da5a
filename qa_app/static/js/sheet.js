// A scorecard being filled in: which criterion the keys mean, its answers, and what the server says.
import { bind, choices, isText } from "./keys.js";
import { attach, beginEvidence, mark } from "./sheet/evidence.js";
import { beginNotes } from "./sheet/notes.js";
import { differs, form, onSaved, restore, touch } from "./sheet/saving.js";
import { remember, undo } from "./sheet/undo.js";

const TWO_DIGITS_MS = 700;
const boxes = () => [...form.querySelectorAll("[data-criterion]:not([hidden])")];
const isOpen = (box) => !box.classList.contains("hb-answered");
let here = null;

// ---- what the server says --------------------------------------------------------------------

onSaved((criteria) => {
  for (const [lineage, state] of Object.entries(criteria)) {
    const box = document.getElementById(`c-${lineage}`);
    box.hidden = !state.open;
    box.classList.toggle("hb-answered", state.answered);
    const problem = box.querySelector("[data-problem]");
    const words = box.querySelector("[data-words]");
    if (words && state.words) words.hidden = false;
    // While the words are being written, being asked for them again would only disturb.
    const writing = words?.contains(document.activeElement);
    if (!writing) problem.textContent = state.problem ?? "";
  }
});

form.addEventListener("input", touch);
form.addEventListener("change", (event) => {
  untick(event.target);
  keepAnswer(event.target.closest("[data-criterion]"));
  touch();
});

/** "None of these" and "not applicable" exclude the other boxes, and the other way round. */
function untick(box) {
  if (box.type !== "checkbox" || !box.checked) return;
  const alone = box.matches("[data-none], [data-na]");
  for (const other of box.closest("fieldset")?.querySelectorAll("input[type=checkbox]") ?? []) {
    if (other !== box && (alone || other.matches("[data-none], [data-na]"))) other.checked = false;
  }
}

// ---- answers can be taken back ---------------------------------------------------------------

const answers = new WeakMap(); // criterion to what is checked in it
const checkedIn = (box) => [...box.querySelectorAll("input[type=radio], input[type=checkbox]")].filter((one) => one.checked);

function keepAnswer(box) {
  if (!box) return;
  const before = answers.get(box) ?? [];
  answers.set(box, checkedIn(box));
  remember(() => {
    for (const input of box.querySelectorAll("input[type=radio], input[type=checkbox]")) input.checked = before.includes(input);
    answers.set(box, before);
    goTo(box);
    touch();
  });
}

// ---- which criterion -------------------------------------------------------------------------

/** The criterion that keys mean: the one in focus last, else the first that is not answered. */
function current() {
  if (!here || here.hidden) enter(boxes().find(isOpen) ?? boxes()[0]);
  return here;
}

function enter(box) {
  if (box === here) return;
  here?.classList.remove("hb-here");
  here?.removeAttribute("aria-current");
  box.classList.add("hb-here");
  box.setAttribute("aria-current", "true");
  here = box;
}

form.addEventListener("focusin", (event) => {
  const box = event.target.closest("[data-criterion]");
  if (box) enter(box);
});

function goTo(box) {
  if (!box) return;
  const first = box.querySelector("input:checked, .hb-choice input, textarea, input[type=text]");
  (first ?? box).focus({ preventScroll: true });
  box.scrollIntoView({ block: "center" });
}

function step(by) {
  const all = boxes();
  const at = all.indexOf(here);
  goTo(at < 0 ? all.find(isOpen) ?? all[0] : all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

// ---- answering -------------------------------------------------------------------------------

function press(box, { stay = false } = {}) {
  if (!box) return false;
  box.focus({ preventScroll: true });
  const radio = box.type === "radio";
  if (radio && box.checked) return true;
  box.checked = radio || !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  if (radio && !stay && choices.get("go-on") === "on") step(1);
  return true;
}

let typed = { at: 0, digits: "" };

/** Press the answer of a digit; two in a moment are one number, where an answer has it. */
function digit(key) {
  const box = current();
  const find = (keys) => box.querySelector(`.hb-choice [data-key="${keys}"]`);
  const two = typed.digits + key;
  const quick = typed.box === box && performance.now() - typed.at < TWO_DIGITS_MS && find(two);
  typed = { box, at: performance.now(), digits: key };
  const found = quick || find(key);
  // 1 may be the beginning of 10: nobody is sent on before they have written it.
  const longer = box.querySelector(`[data-key^="${key}"]:not([data-key="${key}"])`);
  if (found) return press(found, { stay: Boolean(longer) && !quick });
  const field = box.querySelector(".hb-points-input");
  if (!field) return false;
  field.focus();
  return false; // the digit is written into it
}

/** Open the script and the guide, or close them and go back to the criterion. */
function openGuides() {
  const fold = document.querySelector("[data-guides]");
  if (!fold) return false;
  fold.open = !fold.open;
  if (fold.open) fold.querySelector("summary").focus();
  else goTo(current());
  return true;
}

/** Choose the next or the former answer: also where there are more than keys. */
function turn(by) {
  const inputs = [...current().querySelectorAll("input[type=radio]:not([data-na])")];
  if (!inputs.length) return false;
  const at = inputs.findIndex((one) => one.checked);
  return press(inputs[Math.min(inputs.length - 1, Math.max(0, at < 0 && by < 0 ? inputs.length - 1 : at + by))]);
}

function openWords(box) {
  const words = box.querySelector("[data-words]");
  const field = (words ?? box).querySelector("textarea");
  if (!field) return false;
  if (words) words.hidden = false;
  box.scrollIntoView({ block: "nearest" });
  field.focus();
  return true;
}

function openGuidance(box) {
  const details = box.querySelector("details");
  if (!details) return false;
  details.open = !details.open;
  return true;
}

bind({
  n: () => step(1),
  p: () => step(-1),
  c: () => openWords(current()),
  x: () => press(current().querySelector("[data-na]")),
  q: () => openGuidance(current()),
  t: openGuides,
  z: undo,
  "+": () => turn(1),
  "=": () => turn(1),
  "-": () => turn(-1),
  Escape: () => goTo(current()),
  ...Object.fromEntries([..."0123456789"].map((key) => [key, () => digit(key)])),
});

form.addEventListener("click", (event) => {
  const link = event.target.closest("#missing a");
  if (link) {
    event.preventDefault();
    goTo(document.querySelector(link.getAttribute("href")));
  }
  const box = event.target.closest("[data-criterion]");
  if (!box) return;
  if (event.target.closest("[data-mark]")) mark(box);
  const suggested = event.target.closest("[data-suggest]");
  if (suggested) attach(box, suggested);
  if (event.target.closest("[data-open-words]")) openWords(box);
});

// Keys that hold with Ctrl, and in fields: those that the table of single keys does not see.
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const ctrl = event.ctrlKey || event.metaKey;
  if (ctrl && key === "Enter") {
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-primary]"));
  } else if (ctrl && key.toLowerCase() === "z" && !event.shiftKey && !isText(target)) {
    if (undo()) event.preventDefault();
  } else if (ctrl || event.altKey || !form.contains(target)) {
    return;
  } else if (isText(target) && key === "Escape") {
    event.preventDefault();
    const box = target.closest("[data-criterion]");
    if (box) box.focus({ preventScroll: true });
    else target.blur();
  } else if (key === "Enter" && target.tagName === "INPUT") {
    // Enter on an answer goes on; a browser would submit the form.
    event.preventDefault();
    step(1);
  }
});

// ---- beginning -------------------------------------------------------------------------------

restore();
for (const box of form.querySelectorAll("[data-criterion]")) answers.set(box, checkedIn(box));
beginEvidence(current);
beginNotes(current);
if (differs()) touch();
document.getElementById("missing")?.focus();
