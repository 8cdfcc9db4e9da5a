// A scorecard being filled in: saves itself, shows the running total that the server made, keeps
// what could not be sent, marks moments of the recording, and can be worked by keys alone.
import { selectedWords, textOf } from "./transcript.js";

const form = document.querySelector("[data-sheet]");
const say = form.dataset;
const stateText = document.querySelector("[data-save-state]");
const keepKey = `hearback:${say.save}`;
const DELAY_MS = 400;
const RETRY_MS = 5000;

let changed = false; // something is newer here than on the server
let sending = null; // the request under way
let timer = 0;

// ---- saving ---------------------------------------------------------------------------------

function show(text, kind = "") {
  stateText.textContent = text;
  stateText.dataset.kind = kind;
}

function encoded() {
  return new URLSearchParams(new FormData(form));
}

function touch() {
  changed = true;
  show(say.saySaving);
  clearTimeout(timer);
  timer = setTimeout(save, DELAY_MS);
}

async function save() {
  clearTimeout(timer);
  if (sending) await sending;
  if (!changed) return true;
  changed = false;
  sending = send();
  const ok = await sending;
  sending = null;
  return ok;
}

async function send() {
  let response;
  try {
    response = await fetch(say.save, { method: "POST", body: encoded(), keepalive: document.hidden });
  } catch {
    return keep(say.sayOffline);
  }
  if (response.ok) return accept(await response.json());
  if (response.status === 409 && isJson(response)) return conflict(await response.json());
  // 400 is what a form token of a session that has ended is answered with.
  return keep([400, 401, 403].includes(response.status) ? say.saySession : say.sayOffline, response);
}

function isJson(response) {
  return (response.headers.get("Content-Type") ?? "").includes("json");
}

function accept(answer) {
  form.elements.lock_version.value = answer.lock_version;
  document.getElementById("total").innerHTML = answer.total;
  for (const [lineage, state] of Object.entries(answer.criteria)) update(lineage, state);
  localStorage.removeItem(keepKey);
  if (!changed) {
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
    show(say.saySaved.replace("{time}", time), "saved");
  }
  return true;
}

function update(lineage, state) {
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

function keep(text, response) {
  changed = true;
  localStorage.setItem(keepKey, encoded().toString());
  show(text, "unsaved");
  if (response && text === say.saySession) linkToSignIn();
  clearTimeout(timer);
  timer = setTimeout(retry, RETRY_MS);
  return false;
}

function linkToSignIn() {
  const link = document.createElement("a");
  link.href = say.signIn;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = say.sayEnter;
  stateText.append(" ", link);
}

async function retry() {
  // A new session has a new form token; without a session this fails and is tried again.
  try {
    const answer = await fetch(say.tokenUrl, { headers: { Accept: "application/json" } });
    if (answer.ok && isJson(answer) && !answer.redirected) {
      form.elements.csrf_token.value = (await answer.json()).token;
      return save();
    }
  } catch {
    // still no connection
  }
  timer = setTimeout(retry, RETRY_MS);
  return false;
}

function conflict(answer) {
  changed = true;
  const dialog = document.getElementById("conflict");
  dialog.querySelector("[data-conflict]").innerHTML = answer.html;
  dialog.querySelector("[data-take-stored]").addEventListener("click", () => {
    changed = false;
    localStorage.removeItem(keepKey);
    location.assign(location.pathname);
  });
  dialog.querySelector("[data-keep-mine]").addEventListener("click", () => {
    form.elements.lock_version.value = answer.lock_version;
    dialog.close();
    save();
  });
  if (!dialog.open) dialog.showModal();
  return false;
}

/** What an earlier page could not send comes back, unless the server has something newer. */
function restore() {
  const kept = localStorage.getItem(keepKey);
  if (!kept) return;
  localStorage.removeItem(keepKey);
  const values = new URLSearchParams(kept);
  if (values.get("lock_version") !== form.elements.lock_version.value) return;
  for (const field of form.elements) {
    if (!field.name || field.name === "csrf_token") continue;
    if (["radio", "checkbox"].includes(field.type)) {
      field.checked = values.getAll(field.name).includes(field.value);
    } else if (values.has(field.name)) {
      field.value = values.get(field.name);
    }
  }
  touch();
}

/** Whether something was answered before this script was there, or the browser put it back. */
function differs() {
  return [...form.elements].some((field) =>
    ["radio", "checkbox"].includes(field.type)
      ? field.checked !== field.defaultChecked
      : field.defaultValue !== undefined && field.type !== "hidden" && field.value !== field.defaultValue,
  );
}

form.addEventListener("input", touch);
form.addEventListener("change", (event) => {
  untick(event.target);
  touch();
});
addEventListener("online", () => changed && retry());
addEventListener("visibilitychange", () => document.hidden && changed && save());
addEventListener("beforeunload", (event) => {
  if (changed) {
    save();
    event.preventDefault();
  }
});

/** Sending the form waits for the save under way, since each save counts the version up. */
form.addEventListener("submit", async (event) => {
  if (!changed && !sending) return;
  event.preventDefault();
  if (await save()) form.requestSubmit(event.submitter);
});

/** "None of these" and "not applicable" exclude the other boxes, and the other way round. */
function untick(box) {
  if (box.type !== "checkbox" || !box.checked) return;
  const alone = box.matches("[data-none], [data-na]");
  for (const other of box.closest("fieldset").querySelectorAll("input[type=checkbox]")) {
    if (other !== box && (alone || other.matches("[data-none], [data-na]"))) other.checked = false;
  }
}

// ---- moments of the recording ----------------------------------------------------------------

const clock = (ms) => {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

function spansOf(box) {
  return JSON.parse(box.querySelector("[data-evidence]").value || "[]");
}

function setSpans(box, spans) {
  box.querySelector("[data-evidence]").value = JSON.stringify(spans);
  list(box);
  touch();
}

function list(box) {
  const items = spansOf(box).map((span, index) => {
    const item = document.createElement("li");
    const play = document.createElement("button");
    play.type = "button";
    play.className = "btn btn-sm";
    play.dataset.playFrom = span.start_ms;
    play.dataset.playTo = span.end_ms;
    play.textContent = `▸ ${clock(span.start_ms)}`;
    play.setAttribute("aria-label", `${say.sayPlay} ${clock(span.start_ms)}`);
    const words = document.createElement("q");
    words.textContent = span.words;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn-close";
    remove.setAttribute("aria-label", say.sayRemove);
    remove.addEventListener("click", () => setSpans(box, spansOf(box).filter((_, n) => n !== index)));
    item.append(play, words, remove);
    return item;
  });
  box.querySelector("[data-moments]").replaceChildren(...items);
}

let selected = null; // the last selection in the transcript: a click on "mark" may clear it
let playedMs = 0;
document.addEventListener("selectionchange", () => {
  selected = selectedWords() ?? selected;
});
document.addEventListener("hearback:time", (event) => {
  playedMs = event.detail.ms;
});

/** The turn that is playing, or was when the sound stopped. */
function playedTurn() {
  const turns = [...document.querySelectorAll("[data-transcript] .hb-turn")];
  const turn = turns.findLast((one) => Number(one.dataset.start) <= playedMs);
  if (!turn || !playedMs) return null;
  return {
    start_ms: Number(turn.dataset.start),
    end_ms: Number(turn.dataset.end),
    words: textOf(turn.querySelectorAll(".hb-word")),
  };
}

function mark(box) {
  const span = selectedWords() ?? selected ?? playedTurn();
  if (!span) {
    show(say.sayMark, "hint");
    return;
  }
  selected = null;
  document.getSelection().removeAllRanges();
  setSpans(box, [...spansOf(box), span]);
}

form.addEventListener("click", (event) => {
  const box = event.target.closest("[data-criterion]");
  if (!box) return;
  if (event.target.closest("[data-mark]")) mark(box);
  const suggested = event.target.closest("[data-suggest]");
  if (suggested) attach(box, suggested);
  if (event.target.closest("[data-open-words]")) openWords(box);
});

/** A suggested moment becomes evidence like one that was marked; the answer stays a person's. */
function attach(box, button) {
  if (!button) return;
  const { start, end, words } = button.dataset;
  setSpans(box, [...spansOf(box), { start_ms: Number(start), end_ms: Number(end), words }]);
  button.closest(".hb-suggestion").remove();
}

/** What is evidence already is suggested no more. */
function dropAttached() {
  for (const button of form.querySelectorAll("[data-suggest]")) {
    const { start, end } = button.dataset;
    const spans = spansOf(button.closest("[data-criterion]"));
    if (spans.some((span) => span.start_ms === Number(start) && span.end_ms === Number(end))) button.closest(".hb-suggestion").remove();
  }
}

function openWords(box) {
  const words = box.querySelector("[data-words]");
  if (!words) return;
  words.hidden = false;
  words.querySelector("textarea").focus();
}

// ---- keys ------------------------------------------------------------------------------------

const boxes = () => [...form.querySelectorAll("[data-criterion]:not([hidden])")];
let here = null;

form.addEventListener("focusin", (event) => {
  const box = event.target.closest("[data-criterion]");
  if (!box || box === here) return;
  here?.classList.remove("hb-here");
  box.classList.add("hb-here");
  here = box;
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
  goTo(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function press(selector) {
  const box = here?.querySelector(selector);
  if (!box) return false;
  box.focus();
  if (box.type === "radio") box.checked = true;
  else box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

const COMMANDS = {
  n: () => step(1),
  p: () => step(-1),
  c: () => here && openWords(here),
  e: () => here && mark(here),
  s: () => here && attach(here, here.querySelector("[data-suggest]")),
  x: () => press("[data-na]"),
  "?": () => document.getElementById("keys").showModal(),
};

function isText(target) {
  return target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && key === "Enter") {
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-primary]"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isText(target)) {
    if (key === "Escape") {
      event.preventDefault();
      const box = target.closest("[data-criterion]");
      if (box) box.focus({ preventScroll: true });
      else target.blur();
    } else if (key === "Enter" && target.tagName === "INPUT" && form.contains(target)) {
      event.preventDefault();
      step(1);
    }
    return;
  }
  // Enter on an answer goes on; a browser would submit the form.
  if (key === "Enter" && target.matches("[type=radio], [type=checkbox]") && form.contains(target)) {
    event.preventDefault();
    step(1);
    return;
  }
  if (/^\d$/.test(key) && press(`[data-key="${key}"]`)) {
    event.preventDefault();
    return;
  }
  const command = COMMANDS[key === "?" ? key : key.toLowerCase()];
  if (command) {
    event.preventDefault();
    command();
  }
});

// ---- beginning -------------------------------------------------------------------------------

for (const box of form.querySelectorAll("[data-criterion]")) list(box);
restore();
dropAttached();
if (differs()) touch();
document.getElementById("missing")?.focus();
form.addEventListener("click", (event) => {
  const link = event.target.closest("#missing a");
  if (!link) return;
  event.preventDefault();
  goTo(document.querySelector(link.getAttribute("href")));
});
