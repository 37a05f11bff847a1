// What the pages gain by script: claims appear as they are checked, a source opens beside its claim, a rating needs no
// new page, an answer can be copied. Without it every page works: an answer comes whole, its sources below one another.

const root = document.documentElement
root.classList.add("scripted")

// ---- sources beside claims

let opener = null

function open(link, move) {
  const article = document.getElementById(`source-${link.dataset.source}`)
  if (!article) return
  close()
  article.classList.add("on")
  link.setAttribute("aria-expanded", "true")
  link.closest("li")?.classList.add("on")
  const sentence = document.getElementById(`${article.id}-${link.dataset.sentence}`)
  const below = sentence && sentence.offsetTop + sentence.offsetHeight > article.clientHeight
  article.scrollTop = below ? sentence.offsetTop - article.clientHeight / 3 : 0
  if (move) {
    opener = link
    article.focus({ preventScroll: true })
    link.scrollIntoView({ block: "nearest" })
  }
}

function close() {
  for (const each of document.querySelectorAll(".sources article.on, .claims li.on")) each.classList.remove("on")
  for (const each of document.querySelectorAll("a.n[aria-expanded=true]")) each.setAttribute("aria-expanded", "false")
}

function leave() {
  close()
  opener?.focus()
  opener = null
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.n[data-source]")
  if (event.target.closest?.(".close")) leave()
  if (!link) return
  event.preventDefault()
  open(link, true)
})
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return
  root.classList.add("untold") // a tip goes away until the pointer or the focus moves on
  if (document.querySelector(".sources article.on")) leave()
})
for (const name of ["mouseover", "focusin"])
  document.addEventListener(name, (event) => {
    if (event.target !== opener) root.classList.remove("untold")
  })
const links = document.querySelectorAll(".claims a.n[data-source]")
for (const link of links) link.setAttribute("aria-expanded", "false")
for (const button of document.querySelectorAll(".close")) button.hidden = false
const named = [...links].find((link) => link.hash === location.hash)
if (named) open(named, false)
else if (matchMedia("(min-width: 861px)").matches && links.length) open(links[0], false)

// ---- copying

const copies = document.querySelector("[data-copies]")
if (copies && navigator.clipboard) {
  copies.hidden = false
  copies.addEventListener("click", async (event) => {
    const { copy, copyFrom } = event.target.dataset
    if (!copy && !copyFrom) return
    const said = copies.querySelector("[role=status]")
    try {
      const text = copy ? document.getElementById(copy).textContent : await (await fetch(copyFrom)).text()
      await navigator.clipboard.writeText(text)
      said.textContent = "Copied."
    } catch {
      said.textContent = "The browser does not let it be copied."
    }
  })
}

// ---- ratings

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event
  if (!form.matches("form.rate:not([data-plain])") || !submitter) return
  event.preventDefault()
  const plainly = () => {
    form.dataset.plain = ""
    form.requestSubmit(submitter)
  }
  const body = new URLSearchParams(new FormData(form, submitter))
  fetch(form.action, { method: "POST", body, redirect: "manual" }).then((reply) => {
    if (reply.type !== "opaqueredirect" && !reply.ok) return plainly()
    for (const button of form.querySelectorAll("button")) {
      const pressed = button === submitter && submitter.value !== "0"
      button.setAttribute("aria-pressed", String(pressed))
      button.value = pressed ? "0" : button.dataset.rating
    }
  }, plainly)
})

// ---- claims as they are checked

const MARKS = { verbatim: "“ ” the paper’s own words", supported: "● supported", weak: "◐ weak support" }

function shown(claim) {
  const item = document.createElement("li")
  item.className = claim.support
  const text = document.createElement("p")
  text.dir = "auto"
  text.textContent = claim.support === "verbatim" ? `“${claim.text}”` : claim.text
  for (const source of new Set(claim.citations.map((each) => each.source))) {
    const number = document.createElement("span")
    number.className = "n"
    number.textContent = source
    text.append("\u00a0", number)
  }
  const mark = document.createElement("p")
  mark.className = "sup"
  mark.textContent = MARKS[claim.support] ?? claim.support
  item.append(text, mark)
  return item
}

async function* events(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    rest += value.replaceAll("\r\n", "\n")
    for (let at = rest.indexOf("\n\n"); at >= 0; at = rest.indexOf("\n\n")) {
      const lines = rest.slice(0, at).split("\n")
      rest = rest.slice(at + 2)
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7)
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n")
      if (name) yield [name, JSON.parse(data)]
    }
  }
}

const ONE = ["since", "until"]
const SEVERAL = ["category", "tag", "source", "author", "paper"]
const WITHIN = ["issue", "review"]

function waiting() {
  const coming = document.getElementById("coming")
  coming.hidden = false
  return coming.querySelector("ol")
}

async function stream(form) {
  const fields = new FormData(form)
  const filter = {}
  const asked = { question: fields.get("question"), filter, fresh: fields.has("fresh") }
  for (const name of ONE) if (fields.get(name)) filter[name] = fields.get(name)
  for (const name of SEVERAL) {
    const values = fields.getAll(name).filter(Boolean)
    if (values.length) filter[name] = values
  }
  for (const name of WITHIN) if (fields.get(name)) asked[name] = fields.get(name)
  const kept = new URLSearchParams([...fields].filter(([name, value]) => value && [...ONE, ...SEVERAL, ...WITHIN].includes(name)))
  const list = waiting()
  list.replaceChildren()
  document.getElementById("answer")?.remove()
  const reply = await fetch("/api/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(asked),
  })
  if (!reply.ok) return false
  for await (const [name, document_] of events(reply)) {
    if (name === "claim") list.append(shown(document_))
    else if (name === "answer") {
      location.assign(`/answers/${document_.id}${kept.size ? `?${kept}` : ""}`)
      return true
    } else return false
  }
  return false
}

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    // a follow-up is read on the server; and where nothing is kept, there is no page to go to
    if (form.elements.after || document.body.dataset.keeps !== "yes" || !document.getElementById("coming")) return
    event.preventDefault()
    const plainly = () => form.submit()
    stream(form).then((done) => done || plainly(), plainly)
  })
}
for (const form of document.querySelectorAll("form[data-slow]")) form.addEventListener("submit", waiting)
