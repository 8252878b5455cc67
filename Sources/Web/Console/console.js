// What makes the console handier; every page can be read without it.

"use strict";

// A form, or one of its buttons, with data-confirm asks first.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
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

// Of links that stand in a row wider than the window, the one of this page is to be seen.
for (const current of document.querySelectorAll(".top nav [aria-current], .side-links [aria-current], .tabs [aria-current]")) {
  const row = current.parentElement;
  const [inner, outer] = [current.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

// A page that answered a form and shows something once is not asked for again by a reload.
for (const element of document.querySelectorAll("[data-address]")) {
  history.replaceState(null, "", element.dataset.address);
}

// A button with data-copy copies the text of the element of that ID, and says so for a moment.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// Bytes are counted as the server counts them: of UTF-8, whatever the number of characters.
const encoder = new TextEncoder();
for (const field of document.querySelectorAll("[data-max-bytes]")) {
  let counter = document.querySelector(`[data-count-of="${field.id}"]`);
  if (!counter) {
    counter = document.createElement("span");
    counter.className = "hint count";
    field.after(counter);
  }
  const most = Number(field.dataset.maxBytes);
  const { bytes: unit } = document.querySelector("main").dataset;
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

// The explorer's curl line follows what is typed.
for (const field of document.querySelectorAll("[data-curl]")) {
  field.addEventListener("input", () => {
    const word = `'${field.value.replaceAll("'", "'\\''")}'`;
    document.getElementById(field.dataset.curl).textContent = field.dataset.curlHead + word;
  });
}

class SignedOut extends Error {}

// What the page asks for by itself. When the session is over the server points to the page for signing in; then this
// page says so.
async function ask(path, options) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(10_000), ...options, redirect: "manual" });
  if (answer.type === "opaqueredirect") {
    document.querySelector("[data-signed-out]").hidden = false;
    throw new SignedOut();
  }
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer;
}

// Renews something as long as somebody sees it and is signed in, and marks it while that does not work.
function keepFresh(seconds, renew) {
  const mark = document.querySelector("[data-stale]");
  let isAsking = false;
  const timer = setInterval(async () => {
    if (document.hidden || isAsking) return;
    isAsking = true;
    try {
      await renew();
      mark.hidden = true;
    } catch (error) {
      mark.hidden = false;
      if (error instanceof SignedOut) clearInterval(timer);
    }
    isAsking = false;
  }, seconds * 1000);
}

// The request log looks for what is new.
async function renew(list) {
  const { newest } = await (await ask(list.dataset.live)).json();
  if (String(newest) === list.dataset.newest) return;
  const rendered = await ask(list.dataset.rows + location.search);
  const page = new DOMParser().parseFromString(await rendered.text(), "text/html");
  const rows = page.querySelector("[data-live] tbody");
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  list.querySelector("tbody").replaceWith(rows);
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  list.dataset.newest = String(newest);
}

for (const list of document.querySelectorAll("[data-live]")) keepFresh(2, () => renew(list));

// The rate at which webhooks fail is kept up to date.
for (const rate of document.querySelectorAll("[data-rate]")) {
  keepFresh(5, async () => {
    const { percent, failures, attempts } = await (await ask(rate.dataset.rate)).json();
    rate.querySelector("[data-rate-percent]").textContent = percent;
    rate.querySelector("[data-rate-failures]").textContent = failures;
    rate.querySelector("[data-rate-attempts]").textContent = attempts;
    rate.querySelector("meter").value = percent;
  });
}
