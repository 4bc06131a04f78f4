// Terms of the library for the word being typed: a list under the search box, with the keys and
// roles of ARIA's combobox. Nothing is put into the box that was not chosen.
"use strict";
const completed = (query, number) => {
  const WAIT = 60; // milliseconds without a key before the server is asked
  const name = number ? `${number}-` : "";

  const list = document.createElement("ul");
  list.id = `completions${number || ""}`;
  list.className = "completions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", query.dataset.completions);
  const status = document.createElement("p");
  status.className = "hidden";
  status.setAttribute("role", "status");
  query.after(list, status);
  // A search field may not be a combobox (ARIA in HTML), a text field may.
  query.type = "text";
  query.setAttribute("role", "combobox");
  query.setAttribute("aria-autocomplete", "list");
  query.setAttribute("aria-controls", list.id);
  query.setAttribute("aria-expanded", "false");

  let offered = [];
  let rest = "";
  let selected = -1;
  let timer = 0;
  let asked = null;

  const close = () => {
    clearTimeout(timer);
    if (asked) asked.abort();
    list.hidden = true;
    offered = [];
    selected = -1;
    status.textContent = "";
    query.setAttribute("aria-expanded", "false");
    query.removeAttribute("aria-activedescendant");
  };

  const select = (number) => {
    selected = number;
    [...list.children].forEach((option, i) =>
      option.setAttribute("aria-selected", String(i === number)));
    if (number < 0) query.removeAttribute("aria-activedescendant");
    else {
      query.setAttribute("aria-activedescendant", list.children[number].id);
      list.children[number].scrollIntoView({ block: "nearest" });
    }
  };

  const take = (number) => {
    const whole = offered[number].query;
    query.value = whole + rest;
    query.setSelectionRange(whole.length, whole.length);
    query.focus();
    close();
  };

  const show = (found, after) => {
    if (!found.length) return close();
    offered = found;
    rest = after;
    list.replaceChildren(...found.map((completion, i) => {
      const option = document.createElement("li");
      option.id = `completion-${name}${i}`;
      option.setAttribute("role", "option");
      const term = document.createElement("span");
      term.textContent = completion.term;
      const count = document.createElement("span");
      count.className = "n";
      count.textContent = completion.records.toLocaleString();
      count.title = query.dataset.records.replace("#", count.textContent);
      option.append(term, count);
      // Before the box loses the focus.
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(i);
      });
      return option;
    }));
    list.hidden = false;
    query.setAttribute("aria-expanded", "true");
    status.textContent = query.dataset.found.replace("#", found.length);
    select(-1);
  };

  const ask = async () => {
    const cursor = query.selectionEnd;
    const typed = query.value.slice(0, cursor);
    const after = query.value.slice(cursor);
    if (asked) asked.abort();
    if (!typed.trim()) return close();
    asked = new AbortController();
    try {
      const address = `${query.dataset.complete}?${new URLSearchParams({ q: typed })}`;
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) return close();
      const { completions } = await answer.json();
      if (document.activeElement === query) show(completions, after);
    } catch {
      // Asked anew meanwhile, or offline: the box works without.
    }
  };

  query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  query.addEventListener("blur", close);
  query.addEventListener("keydown", (event) => {
    // While kana are being converted, all keys are the input method's.
    if (list.hidden) return;
    const last = offered.length - 1;
    if (event.key === "ArrowDown") select(selected < last ? selected + 1 : -1);
    else if (event.key === "ArrowUp") select(selected < 0 ? last : selected - 1);
    else if (event.key === "Enter" && selected >= 0) take(selected);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  query.form.addEventListener("submit", close);
};
document.querySelectorAll("input[data-complete]").forEach(completed);
