// What makes writing a post handier: one kind's fields at a time, and a preview that follows what is typed.

"use strict";

const form = document.querySelector("form[data-preview]");
const preview = document.getElementById("preview");

function showKind() {
  const kind = form.elements.kind.value;
  for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
}

// The server draws the preview, as subscribers' apps would: of answers that overtake one another the last one counts.
let asked = 0;
async function showPreview() {
  const turn = ++asked;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("alone", "1");
  try {
    const answer = await ask(form.dataset.preview, { method: "POST", body: fields });
    const text = await answer.text();
    if (turn !== asked) return;
    // Parsed in a document of its own, where nothing of it is run or loaded.
    preview.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  } catch {
    // Without an answer the last preview stays; sending tells what is wrong.
  }
}

let pause;
form.addEventListener("input", () => {
  showKind();
  clearTimeout(pause);
  pause = setTimeout(showPreview, 250);
});

// The preview is there without its button, which stays the one that the Enter key presses.
const button = form.querySelector("[data-preview-button]");
button.hidden = true;
button.addEventListener("click", (event) => {
  event.preventDefault();
  showPreview();
});
// The choice above names the one kind that is shown.
form.classList.add("one-kind");
showKind();
