// A form that saves itself and loses nothing: what is written stands in the browser's own storage
// from the first letter until the server has it, whatever happens to tab, line or session.
import { choices } from "../keys.js";

export const form = document.querySelector("[data-sheet]");
const say = form.dataset;
const stateText = document.querySelector("[data-save-state]");
const KEPT_DAYS = 30;
// A name for each opening of the page: two windows must not overwrite what the other keeps.
const allKept = `unsaved:${say.save}:`;
const keepName = `${allKept}${Date.now()}-${Math.random().toString(36).slice(2)}`;
const DELAY_MS = 400;
const RETRY_MS = 5000;

let changed = false; // something is newer here than on the server
let sending = null; // the request under way
let timer = 0;
let signedOut = false;
let closed = false; // submitted or given back elsewhere: there is nothing to save into any more
let whenSaved = () => {};

/** Call `fn` with what the server says of every criterion, after each save. */
export function onSaved(fn) {
  whenSaved = fn;
}

export function show(text, kind = "") {
  stateText.textContent = text;
  stateText.dataset.kind = kind;
}

function encoded() {
  return new URLSearchParams(new FormData(form));
}

/** Say that something was written: it is kept here at once and sent in a moment. */
export function touch() {
  changed = true;
  choices.set(keepName, encoded().toString());
  if (stateText.dataset.kind !== "unsaved") show(say.saySaving);
  clearTimeout(timer);
  timer = setTimeout(signedOut ? retry : save, DELAY_MS);
}

export async function save() {
  clearTimeout(timer);
  if (sending) await sending;
  if (!changed) return true;
  changed = false;
  sending = send();
  const ok = await sending;
  sending = null;
  return ok;
}

const isJson = (response) => (response.headers.get("Content-Type") ?? "").includes("json");

async function send() {
  let response;
  try {
    response = await fetch(say.save, { method: "POST", body: encoded(), keepalive: document.hidden });
  } catch {
    return keep(say.sayOffline);
  }
  if (response.ok && isJson(response)) return accept(await response.json());
  if (response.status === 409 && isJson(response)) return conflict(await response.json());
  if ([403, 404, 409, 410].includes(response.status)) return lost();
  // 400 is what a form token of a session that has ended is answered with.
  signedOut = [400, 401].includes(response.status);
  return keep(signedOut ? say.saySession : say.sayOffline);
}

function accept(answer) {
  form.elements.lock_version.value = answer.lock_version;
  document.getElementById("total").innerHTML = answer.total;
  whenSaved(answer.criteria);
  signedOut = false;
  if (changed) return true;
  choices.drop(keepName);
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
  show(say.saySaved.replace("{time}", time), "saved");
  return true;
}

function keep(text) {
  changed = true;
  show(text, "unsaved");
  if (signedOut) stateText.append(" ", signInButton());
  clearTimeout(timer);
  timer = setTimeout(retry, RETRY_MS);
  return false;
}

/** The review was submitted or given back elsewhere: what is here stays to be read and copied. */
function lost() {
  closed = true;
  show(say.sayClosed, "unsaved");
  return false;
}

async function retry() {
  // A new session has a new form token; without a session this fails and is tried again.
  try {
    const answer = await fetch(say.tokenUrl, { headers: { Accept: "application/json" } });
    if (answer.ok && isJson(answer) && !answer.redirected) {
      form.elements.csrf_token.value = (await answer.json()).token;
      document.getElementById("session")?.close();
      return save();
    }
  } catch {
    // still no connection
  }
  clearTimeout(timer);
  timer = setTimeout(retry, RETRY_MS);
  return false;
}

// ---- two windows -----------------------------------------------------------------------------

function conflict(answer) {
  changed = true;
  // Said for whoever closes the dialog without choosing: the next letter asks again.
  show(say.sayConflict, "unsaved");
  const dialog = document.getElementById("conflict");
  dialog.querySelector("[data-conflict]").innerHTML = answer.html;
  dialog.querySelector("[data-take-stored]").addEventListener("click", () => {
    changed = false;
    choices.drop(keepName);
    location.assign(location.pathname.replace(/\/submit$/, ""));
  });
  dialog.querySelector("[data-keep-mine]").addEventListener("click", () => {
    form.elements.lock_version.value = answer.lock_version;
    dialog.close();
    save();
  });
  if (!dialog.open) dialog.showModal();
  return false;
}

// ---- a session that has ended ----------------------------------------------------------------

function signInButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = say.sayEnter;
  button.addEventListener("click", askToSignIn);
  return button;
}

function askToSignIn() {
  const dialog = document.getElementById("session");
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[name=password]").focus();
}

async function signIn(event) {
  event.preventDefault();
  const entry = event.target;
  const said = entry.querySelector("[data-said]");
  said.textContent = "";
  try {
    const page = new DOMParser().parseFromString(await (await fetch(say.signIn)).text(), "text/html");
    const body = new URLSearchParams(new FormData(entry));
    body.set("csrf_token", page.querySelector("[name=csrf_token]").value);
    body.set("next", say.tokenUrl);
    const answer = await fetch(say.signIn, { method: "POST", body });
    if (!(answer.ok && isJson(answer))) {
      const refused = new DOMParser().parseFromString(await answer.text(), "text/html");
      said.textContent = (refused.querySelector(".alert, .invalid-feedback") ?? refused.querySelector("main")).textContent.trim();
      return;
    }
    form.elements.csrf_token.value = (await answer.json()).token;
  } catch {
    said.textContent = say.sayOffline;
    return;
  }
  signedOut = false;
  entry.reset();
  entry.closest("dialog").close();
  await save();
}

// ---- what an earlier page could not send -----------------------------------------------------

const TELLS_NOTHING = ["csrf_token", "lock_version"];
const plain = (values) => JSON.stringify([...values].filter(([name, value]) => value && !TELLS_NOTHING.includes(name)).sort());

/** Bring back what was written and not saved; where the server has something newer, both are shown. */
export function restore() {
  dropOld();
  const names = choices.names(allKept).sort();
  for (const name of names.filter((one) => plain(new URLSearchParams(choices.get(one))) === plain(encoded()))) choices.drop(name);
  const last = names.findLast((name) => choices.get(name));
  if (!last) return;
  const values = new URLSearchParams(choices.get(last));
  choices.drop(last);
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

/** What could not be sent for a month is about a call that was judged long ago. */
function dropOld() {
  const limit = Date.now() - KEPT_DAYS * 86_400_000;
  for (const name of choices.names("unsaved:")) {
    if (Number(name.split(":").at(-1).split("-")[0]) < limit) choices.drop(name);
  }
}

/** Whether something was answered before this script was there, or the browser put it back. */
export function differs() {
  return [...form.elements].some((field) =>
    ["radio", "checkbox"].includes(field.type)
      ? field.checked !== field.defaultChecked
      : field.defaultValue !== undefined && field.type !== "hidden" && field.value !== field.defaultValue,
  );
}

addEventListener("online", () => changed && !closed && retry());
addEventListener("visibilitychange", () => document.hidden && changed && !closed && save());
addEventListener("beforeunload", (event) => {
  if (changed && !closed) save();
  // What could not be sent is kept here, but the person should know that it is not there yet.
  if (stateText.dataset.kind === "unsaved" && !closed) event.preventDefault();
});
document.querySelector("#session form")?.addEventListener("submit", signIn);

/** Sending the form waits for the save under way, since each save counts the version up. */
form.addEventListener("submit", async (event) => {
  if (!changed && !sending) return;
  event.preventDefault();
  if (await save()) form.requestSubmit(event.submitter);
  else if (signedOut) askToSignIn();
});
