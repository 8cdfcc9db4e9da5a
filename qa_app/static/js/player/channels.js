// How loud each side is. The sound goes through the browser's mixer only once somebody asks for it:
// where there is none, everything else plays as before, and the page says so.
import { bind } from "../keys.js";

/** Connect the buttons that mute a side, the slider between the two, and the key B. */
export function balance(section, audio, say) {
  const sides = [...section.querySelectorAll("[data-mute]")];
  const slider = section.querySelector("[data-balance]");
  if (sides.length !== 2 || !slider) return;
  let gains = null; // from each side to each ear

  const mixer = () => {
    if (gains) return gains;
    const context = new AudioContext();
    const [split, join] = [context.createChannelSplitter(2), context.createChannelMerger(2)];
    context.createMediaElementSource(audio).connect(split);
    gains = [0, 1].map((side) =>
      [0, 1].map((ear) => {
        const gain = context.createGain();
        split.connect(gain, side);
        gain.connect(join, 0, ear);
        return gain;
      }),
    );
    join.connect(context.destination);
    audio.addEventListener("play", () => context.resume());
    context.resume();
    return gains;
  };

  const muted = () => sides.map((side) => side.getAttribute("aria-pressed") === "true");
  const apply = () => {
    const off = muted();
    const lean = Number(slider.value) / 100;
    const loud = [off[0] ? 0 : Math.min(1, 1 - lean), off[1] ? 0 : Math.min(1, 1 + lean)];
    // Whoever is heard alone is heard in both ears.
    const alone = loud.includes(0);
    try {
      mixer().forEach((ears, side) => ears.forEach((gain, ear) => (gain.gain.value = alone || side === ear ? loud[side] : 0)));
    } catch {
      for (const control of [...sides, slider]) control.disabled = true;
      say(section.dataset.sayNoMixer);
      return;
    }
    const heard = sides.filter((_side, index) => loud[index] > 0).map((side) => side.dataset.name);
    say(heard.length === 2 ? section.dataset.sayBoth : section.dataset.sayOnly.replace("{name}", heard[0] ?? "–"));
  };
  const mute = (states) => {
    sides.forEach((side, index) => side.setAttribute("aria-pressed", String(states[index])));
    slider.value = 0;
    apply();
  };

  sides.forEach((side, index) => side.addEventListener("click", () => mute(muted().map((state, place) => (place === index ? !state : false)))));
  slider.addEventListener("input", () => {
    for (const side of sides) side.setAttribute("aria-pressed", "false");
    apply();
  });
  bind({
    b: () => {
      const [first, second] = muted();
      mute(first ? [false, false] : second ? [true, false] : [false, true]);
    },
  });
}
