// The outline of a scorecard draft: moved by buttons that keep their focus, or by dragging. The
// server answers with the outline as it is stored, and with words for people who do not see it.

const outline = document.querySelector("[data-outline]");
const said = document.querySelector("[data-said]");
const trouble = document.querySelector("[data-trouble]");
let dragged = null;
let busy = false;

async function send(address, body, focus) {
  if (busy) return;
  busy = true;
  trouble.hidden = true;
  try {
    const answer = await fetch(address, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
    });
    if (!answer.ok || !(answer.headers.get("Content-Type") ?? "").includes("json")) throw new Error();
    const { html, words } = await answer.json();
    const open = [...outline.querySelectorAll("details[open] summary")].map((one) => one.textContent);
    outline.innerHTML = html;
    for (const summary of outline.querySelectorAll("details summary")) {
      if (open.includes(summary.textContent)) summary.parentElement.open = true;
    }
    const target = document.getElementById(focus);
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
    // Emptied first, so that the same words twice are said twice.
    said.textContent = "";
    setTimeout(() => {
      said.textContent = words;
    }, 50);
  } catch {
    trouble.hidden = false;
    trouble.scrollIntoView({ block: "nearest" });
  } finally {
    busy = false;
  }
}

outline.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-act]");
  if (!form) return;
  event.preventDefault();
  const focus = form.dataset.focus ?? form.querySelector("button").id;
  send(form.action, new FormData(form), focus);
});

// ---- dragging -------------------------------------------------------------------------------

outline.addEventListener("dragstart", (event) => {
  const grip = event.target.closest?.("[data-grip], [data-section-grip]");
  if (!grip) return;
  dragged = grip.closest(grip.hasAttribute("data-grip") ? "[data-item]" : "[data-section]");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.id);
  event.dataTransfer.setDragImage(dragged, 20, 20);
  // After the picture of what is dragged has been taken.
  setTimeout(() => dragged?.classList.add("hb-dragged"));
});

/** Put what is dragged before or after another of its kind, by the half that the pointer is on. */
function putBeside(over, event) {
  if (!over || over === dragged) return;
  const box = over.getBoundingClientRect();
  const below = event.clientY > box.top + box.height / 2;
  over.parentElement.insertBefore(dragged, below ? over.nextElementSibling : over);
}

outline.addEventListener("dragover", (event) => {
  if (!dragged) return;
  const section = event.target.closest("[data-section]");
  if (!section) return;
  event.preventDefault();
  if (dragged.dataset.section) {
    putBeside(section, event);
    return;
  }
  const over = event.target.closest("[data-item]");
  const list = section.querySelector("[data-list]");
  if (over) putBeside(over, event);
  else if (dragged.parentElement !== list) list.append(dragged);
});

outline.addEventListener("drop", (event) => {
  if (!dragged) return;
  event.preventDefault();
  const whole = Boolean(dragged.dataset.section);
  const subject = whole ? "section" : "criterion";
  const lineage = whole ? dragged.dataset.section : dragged.dataset.item;
  const list = whole ? null : dragged.closest("[data-list]");
  const all = whole ? outline.querySelectorAll("[data-section]") : list.children;
  const body = new FormData();
  body.set("csrf_token", outline.dataset.token);
  body.set("subject", subject);
  body.set("lineage", lineage);
  if (list) body.set("section", list.dataset.list);
  body.set("to", String([...all].indexOf(dragged)));
  dragged.classList.remove("hb-dragged");
  dragged = null;
  send(outline.dataset.move, body, `up-${subject}-${lineage}`);
});

outline.addEventListener("dragend", () => {
  // Let go outside: the stored order comes back.
  if (!dragged) return;
  dragged = null;
  location.reload();
});
