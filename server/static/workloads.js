// The workers as a board: villages are dragged from one to another. It only sets the choices of the
// list below, which does the same without it.
(function () {
  "use strict";
  const board = document.getElementById("board");
  const form = document.getElementById("moves");
  if (!board || !form || !form.querySelector("select")) return;

  const workers = [...form.querySelectorAll("section[data-phone]")].map((one) => ({
    phone: one.dataset.phone, name: one.dataset.name, isFixed: "fixed" in one.dataset,
    base: [...one.querySelectorAll("[data-village]")].filter((row) => !row.querySelector("select")),
  }));
  const villages = [...form.querySelectorAll("[data-village]")]
    .map((row) => ({ row, choice: row.querySelector("select"), name: row.dataset.name, left: Number(row.dataset.left) }))
    .filter((one) => one.choice);

  function text(tag, words, name) {
    const made = document.createElement(tag);
    made.textContent = words;
    if (name) made.className = name;
    return made;
  }

  function draw() {
    board.replaceChildren(text("p", board.dataset.hint, "hint"));
    const most = Math.max(1, ...workers.map(load));
    for (const worker of workers) {
      const column = document.createElement("div");
      column.className = "board-worker";
      column.dataset.to = worker.isFixed ? "-" : worker.phone;
      const sum = load(worker);
      column.append(text("strong", worker.name), text("span", board.dataset.left.replace("{}", Math.round(sum)), "small"));
      const bar = document.createElement("span");
      bar.className = "board-bar";
      bar.append(document.createElement("i"));
      bar.firstChild.style.inlineSize = `${(100 * sum) / most}%`;
      column.append(bar);
      for (const one of villages.filter((two) => two.choice.value === worker.phone)) {
        const chip = text("span", `${one.name} ${one.left}`, "board-village");
        const grip = text("span", "\u2195", "grip");
        grip.setAttribute("aria-hidden", "true");
        chip.append(grip);
        chip.addEventListener("pointerdown", (event) => drag(event, chip, one));
        column.append(chip);
      }
      board.append(column);
    }
    board.hidden = false;
  }

  function load(worker) {
    const fixed = worker.base.reduce((sum, row) => sum + Number(row.dataset.left), 0);
    return villages.filter((one) => one.choice.value === worker.phone).reduce((sum, one) => sum + one.left, fixed);
  }

  function drag(event, chip, village) {
    // A finger drags by the grip alone: elsewhere it scrolls the page.
    if (event.button || (event.pointerType !== "mouse" && !event.target.closest(".grip"))) return;
    event.preventDefault();
    chip.setPointerCapture(event.pointerId);
    chip.classList.add("dragged");
    const from = { x: event.clientX, y: event.clientY };
    const under = (at) => {
      const found = document.elementsFromPoint(at.clientX, at.clientY).find((one) => one.closest("[data-to]") && !chip.contains(one));
      return found && found.closest("[data-to]");
    };
    const move = (at) => {
      chip.style.translate = `${at.clientX - from.x}px ${at.clientY - from.y}px`;
      const over = under(at);
      for (const one of board.querySelectorAll(".over")) one.classList.remove("over");
      if (over) over.classList.add("over");
      if (at.clientY > innerHeight - 70) scrollBy(0, 12);
      if (at.clientY < 70) scrollBy(0, -12);
    };
    const drop = (at) => {
      chip.removeEventListener("pointermove", move);
      const over = under(at);
      const wanted = over && over.dataset.to;
      const isOffered = [...village.choice.options].some((one) => one.value === wanted);
      if (at.type === "pointerup" && wanted && isOffered) village.choice.value = wanted;
      draw();
    };
    chip.addEventListener("pointermove", move);
    chip.addEventListener("pointerup", drop, { once: true });
    chip.addEventListener("pointercancel", drop, { once: true });
  }

  form.addEventListener("change", draw);
  draw();
})();
