// The keys of a page. Modules say which key does what; nothing fires while somebody writes, while a
// dialog is open, with Ctrl, Alt or Meta, or once the person has turned single keys off (WCAG 2.1.4).
const commands = new Map();
const owner = document.querySelector("[data-keys-of]")?.dataset.keysOf ?? "";

/** What a person chose in this browser: kept under their own name, for computers that are shared. */
export const choices = {
  get: (name) => localStorage.getItem(`hearback:${owner}:${name}`),
  set: (name, value) => {
    try {
      localStorage.setItem(`hearback:${owner}:${name}`, value);
    } catch {
      // Storage may be full or forbidden: the page works all the same.
    }
  },
  drop: (name) => localStorage.removeItem(`hearback:${owner}:${name}`),
  /** Return the names that begin so. */
  names: (beginning) => {
    const whole = `hearback:${owner}:${beginning}`;
    return Object.keys(localStorage).filter((name) => name.startsWith(whole)).map((name) => name.slice(`hearback:${owner}:`.length));
  },
};

/**
 * Bind keys to acts: {"n": act, "shift+n": act, "Delete": act, " ": act}. Letters are in lower case.
 * An act that returns false has left the key to the browser.
 */
export function bind(acts) {
  for (const [key, act] of Object.entries(acts)) commands.set(key, act);
}

export const isText = (target) =>
  Boolean(target.isContentEditable || target.matches?.("textarea, select, input:not([type=radio], [type=checkbox], [type=button])"));

/** Return the name of a key as `bind` knows it; a Chinese input method hides which key it was. */
function nameOf(event) {
  const hidden = event.key === "Process" || event.key === "Unidentified";
  const key = hidden ? event.code.replace(/^(Key|Digit)/, "").toLowerCase() : event.key;
  const letter = /^\p{L}$/u.test(key);
  if (letter) return (event.shiftKey ? "shift+" : "") + key.toLowerCase();
  return key.length > 1 && event.shiftKey ? `shift+${key}` : key;
}

const takesItself = (event) =>
  [" ", "Enter"].includes(event.key) && event.target.closest?.("button, a, summary, input, [role=button]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
  if (isText(event.target) || takesItself(event) || document.querySelector("dialog[open]")) return;
  const name = nameOf(event);
  if (choices.get("keys") === "off" && name.replace("shift+", "").length === 1) return;
  // A page may have a button of its own for a key.
  if (document.querySelector(`[data-key="${CSS.escape(name)}"]:not([data-criterion] *)`)) return;
  const act = commands.get(name);
  if (act && act(event) !== false) event.preventDefault();
});

/** The sheet of keys: one dialog on a page, whichever parts the page has. */
function sheetOfKeys() {
  const sheets = [...document.querySelectorAll("dialog[data-keys]")];
  const first = sheets.find((one) => one.id === "keys") ?? sheets[0];
  for (const other of sheets.filter((one) => one !== first)) {
    first.querySelector("[data-keys-parts]").append(...other.querySelectorAll("[data-keys-part]"));
    other.remove();
  }
  return first;
}

const sheet = sheetOfKeys();
if (sheet) {
  bind({ "?": () => sheet.showModal() });
  for (const box of sheet.querySelectorAll("[data-choice]")) {
    const { choice, otherwise } = box.dataset;
    box.checked = choices.get(choice) ? choices.get(choice) === "on" : otherwise === "on";
    box.addEventListener("change", () => choices.set(choice, box.checked ? "on" : "off"));
  }
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-show-keys]")) sheet?.showModal();
});
