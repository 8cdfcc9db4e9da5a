// Parts of recordings played from a list: one sound for the page, one part at a time or all in a
// row. A button with data-clip names where its sound is; each opening is asked for when it is
// played, so that only what somebody really hears is written down.
const bar = document.querySelector("[data-clip-bar]");
const says = bar?.querySelector("[data-clip-says]");
const audio = new Audio();
audio.preload = "auto";
let button = null; // the one whose part plays
let part = null; // {start_ms, end_ms} of it
let rest = []; // what follows when all are played in a row
let asked = 0; // a newer wish makes an older answer void

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function mark(playing) {
  if (!button) return;
  button.setAttribute("aria-pressed", String(playing));
  button.closest("[data-clip-item], article")?.classList.toggle("hb-playing", playing);
}

function stop() {
  asked += 1;
  audio.pause();
  mark(false);
  button = part = null;
  if (says) says.textContent = "";
}

async function play(next) {
  stop();
  const wish = asked;
  button = next;
  mark(true);
  try {
    const answer = await fetch(next.dataset.clip, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (wish !== asked) return;
    part = found;
    // The fragment has the browser begin there, before the whole file has come.
    audio.src = `${found.url}#t=${found.start_ms / 1000}`;
    await audio.play();
  } catch {
    if (wish !== asked) return;
    mark(false);
    if (says) says.textContent = bar.dataset.trouble;
    goOn();
  }
}

function goOn() {
  const next = rest.shift();
  if (next) play(next);
}

audio.addEventListener("timeupdate", () => {
  if (!part) return;
  if (says) says.textContent = bar.dataset.playing.replace("{time}", clock(audio.currentTime));
  if (audio.currentTime * 1000 >= part.end_ms) {
    stop();
    goOn();
  }
});
audio.addEventListener("ended", () => {
  stop();
  goOn();
});

document.addEventListener("click", (event) => {
  const all = event.target.closest("[data-clip-all]");
  if (all) {
    rest = [...document.querySelectorAll("[data-clip]")];
    goOn();
    return;
  }
  if (event.target.closest("[data-clip-stop]")) {
    rest = [];
    stop();
    return;
  }
  const one = event.target.closest("[data-clip]");
  if (!one) return;
  rest = [];
  if (one === button) stop();
  else play(one);
});
