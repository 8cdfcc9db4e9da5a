// A form of the studio: shows what its kind uses, keeps rows in order, and saves itself.

const form = document.querySelector("[data-studio]");
const say = form.dataset;
const state = form.querySelector("[data-state]");
const DELAY_MS = 900;
const RETRY_MS = 5000;
let timer = 0;
let changed = false;
let sending = null;
let stopped = false;

// ---- what the kind uses ---------------------------------------------------------------------

function showKind() {
  const kind = form.querySelector("[data-kind]")?.value;
  if (kind) {
    for (const part of form.querySelectorAll("[data-kinds]")) {
      part.hidden = !part.dataset.kinds.split(" ").includes(kind);
    }
  }
  const critical = form.querySelector("[data-critical]");
  const least = form.querySelector("[data-if-critical]");
  if (critical) least.hidden = !critical.checked;
  const parent = form.querySelector("[data-parent]")?.value;
  for (const part of form.querySelectorAll("[data-answers-of]")) {
    part.hidden = part.dataset.answersOf !== parent;
  }
}

// ---- rows: answers and reasons --------------------------------------------------------------

function renumber(list) {
  [...list.children].forEach((row, index) => {
    for (const field of row.querySelectorAll("[name]")) {
      field.name = field.name.replace(/-\d+-/, `-${index}-`);
    }
  });
}

function moveRow(button, by) {
  const row = button.closest("[data-row]");
  const list = row.parentElement;
  const rows = [...list.children];
  const to = Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + by));
  if (rows[to] !== row) list.insertBefore(row, by < 0 ? rows[to] : rows[to].nextElementSibling);
  renumber(list);
  button.focus();
  state.textContent = say.sayPlace.replace("{n}", to + 1).replace("{of}", rows.length);
  touch();
}

function addRow(list) {
  const row = list.lastElementChild.cloneNode(true);
  for (const field of row.querySelectorAll("input")) field.value = "";
  for (const error of row.querySelectorAll(".invalid-feedback")) error.remove();
  list.append(row);
  renumber(list);
  row.querySelector("input:not([type=hidden])").focus();
}

function removeRow(row) {
  const list = row.parentElement;
  const next = row.nextElementSibling ?? row.previousElementSibling;
  if (next) row.remove();
  else for (const field of row.querySelectorAll("input")) field.value = "";
  renumber(list);
  (next ?? row).querySelector("input:not([type=hidden])").focus();
  touch();
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.hasAttribute("data-row-up")) moveRow(button, -1);
  else if (button.hasAttribute("data-row-down")) moveRow(button, 1);
  else if (button.hasAttribute("data-row-remove")) removeRow(button.closest("[data-row]"));
  else if (button.dataset.rowAdd) addRow(form.querySelector(`[data-rows="${button.dataset.rowAdd}"]`));
});

// ---- saving ---------------------------------------------------------------------------------

function touch() {
  changed = true;
  if (stopped) return;
  state.textContent = say.saySaving;
  clearTimeout(timer);
  timer = setTimeout(save, DELAY_MS);
}

async function save() {
  if (sending || stopped || !changed) return;
  changed = false;
  sending = send();
  await sending;
  sending = null;
  if (changed && !stopped) timer = setTimeout(save, DELAY_MS);
}

async function send() {
  let answer;
  try {
    answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    });
  } catch {
    changed = true;
    state.textContent = say.sayOffline;
    await new Promise((done) => setTimeout(done, RETRY_MS));
    return;
  }
  const json = (answer.headers.get("Content-Type") ?? "").includes("json");
  if (!json) {
    // The session has ended, or the draft is gone: the button shows the page that says so.
    stopped = true;
    changed = true;
    state.textContent = say.sayUnsaved;
    return;
  }
  const found = await answer.json();
  if (answer.status === 409) {
    stopped = true;
    changed = true;
    state.textContent = found.conflict;
  } else if (!answer.ok) {
    state.textContent = say.sayUnsaved;
    showErrors(found.errors ?? {});
  } else {
    showErrors({});
    form.elements.seen.value = found.seen;
    nameRows("options", found.options);
    nameRows("reasons", found.reasons);
    const list = form.querySelector("[data-findings]");
    if (list) list.innerHTML = found.findings;
    if (!changed) {
      const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
      state.textContent = `${say.saySaved} ${time}`;
    }
  }
}

function nameRows(kind, names) {
  const rows = form.querySelector(`[data-rows="${kind}"]`)?.children ?? [];
  (names ?? []).forEach((name, index) => {
    if (name && rows[index]) rows[index].querySelector("[data-lineage]").value = name;
  });
}

function showErrors(errors) {
  for (const old of form.querySelectorAll("[data-error]")) old.remove();
  for (const field of form.querySelectorAll(".is-invalid")) field.classList.remove("is-invalid");
  for (const [name, words] of Object.entries(errors)) {
    const field = form.elements[name];
    if (!field?.classList || !words.length) continue;
    field.classList.add("is-invalid");
    const error = document.createElement("div");
    error.className = "invalid-feedback d-block";
    error.dataset.error = "";
    error.textContent = words.join(" ");
    field.after(error);
  }
}

form.addEventListener("input", touch);
form.addEventListener("change", () => {
  showKind();
  touch();
});
form.addEventListener("submit", () => {
  stopped = true;
  changed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (changed || sending) {
    if (!stopped) save();
    event.preventDefault();
  }
});
showKind();
document.getElementById("conflict")?.focus();
