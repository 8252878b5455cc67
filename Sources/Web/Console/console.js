// What makes the console handier; every page can be read without it.

"use strict";

// A form with data-confirm asks first.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A menu closes when something else is clicked, and by Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A page that answered a form and shows something once is not asked for again by a reload.
for (const element of document.querySelectorAll("[data-address]")) {
  history.replaceState(null, "", element.dataset.address);
}

// A button with data-copy copies the text of the element of that ID.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
  });
}
// Bytes are counted as the server counts them: of UTF-8, whatever the number of characters.
const encoder = new TextEncoder();
for (const counter of document.querySelectorAll("[data-count-of]")) {
  const field = document.getElementById(counter.dataset.countOf);
  const most = Number(field.dataset.maxBytes);
  const unit = counter.textContent.trim().split(" ").slice(3).join(" ");
  const count = () => {
    const bytes = encoder.encode(field.value).length;
    counter.textContent = `${bytes} / ${most} ${unit}`;
    counter.classList.toggle("over", bytes > most);
    field.setAttribute("aria-invalid", String(bytes > most));
  };
  field.addEventListener("input", count);
  count();
}

// A form with data-once is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (!("once" in event.target.dataset) || event.defaultPrevented) return;
  // After the browser has taken the fields, of which the pressed button is one.
  setTimeout(() => {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  });
});
// A page that comes back from the browser's memory is ready again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-once] button")) button.disabled = false;
});
