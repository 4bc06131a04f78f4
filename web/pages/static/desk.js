// Comforts of the desk; every page works without them.
"use strict";
// A list narrows while one types; sent, the form does the same.
for (const form of document.querySelectorAll("form[data-filter]")) {
  const field = form.querySelector("input");
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLocaleLowerCase();
    for (const item of document.querySelectorAll(form.dataset.filter)) {
      item.hidden = !item.querySelector("a")?.textContent.toLocaleLowerCase().includes(wanted);
    }
  });
}

// One box for all ticks of a page; the boxes before the records work without it.
for (const place of document.querySelectorAll("[data-tick-all]")) {
  const boxes = [...document.querySelectorAll(`input[type=checkbox][form="${place.dataset.tickAll}"]`)];
  const all = document.createElement("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", place.dataset.name);
  all.title = place.dataset.name;
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
  for (const box of boxes) {
    box.addEventListener("change", () => {
      all.checked = boxes.every((one) => one.checked);
      all.indeterminate = !all.checked && boxes.some((one) => one.checked);
    });
  }
  place.before(all);
}

// A note is saved a moment after the last key. Where it can't be, the button says why.
for (const form of document.querySelectorAll("form[data-autosave]")) {
  const text = form.querySelector("textarea");
  const seen = form.elements.seen;
  const status = form.querySelector("[role=status]");
  let timer = 0;
  let saving = Promise.resolve();
  const save = async () => {
    const sent = text.value;
    if (sent === seen.value) return;
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "note");
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      if (!answer.ok) throw new Error(answer.statusText);
      seen.value = sent;
      status.textContent = form.dataset.saved;
    } catch {
      status.textContent = form.dataset.failed;
    }
  };
  text.addEventListener("input", () => {
    status.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(() => { saving = saving.then(save); }, 1200);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}
