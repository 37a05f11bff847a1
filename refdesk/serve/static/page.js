// What the pages gain by script: claims appear as they are checked, and a source opens beside its claim.
// Without it every page works: an answer comes whole, and its sources stand below one another.

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
  document.getElementById(`source-${link.dataset.source}-${link.dataset.sentence}`)?.scrollIntoView({ block: "nearest" })
  if (move) {
    opener = link
    article.focus({ preventScroll: true })
  }
}

function close() {
  for (const each of document.querySelectorAll("aside article.on, .claims li.on")) each.classList.remove("on")
  for (const each of document.querySelectorAll("a.n[aria-expanded=true]")) each.setAttribute("aria-expanded", "false")
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.n[data-source]")
  if (!link) return
  event.preventDefault()
  open(link, true)
})
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !document.querySelector("aside article.on")) return
  close()
  opener?.focus()
  opener = null
})
const links = document.querySelectorAll(".claims a.n[data-source]")
for (const link of links) link.setAttribute("aria-expanded", "false")
const wide = matchMedia("(min-width: 861px)")
if (wide.matches && links.length) open(links[0], false)

// ---- copying

const copy = document.querySelector("[data-copy]")
if (copy && navigator.clipboard) {
  copy.hidden = false
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("as-text").textContent)
    copy.textContent = "Copied"
  })
}

// ---- claims as they are checked

const MARKS = { verbatim: "“ ” the paper’s own words", supported: "● supported", weak: "◐ weak support" }

function shown(claim) {
  const item = document.createElement("li")
  item.className = claim.support
  const text = document.createElement("p")
  text.dir = "auto"
  text.textContent = claim.support === "verbatim" ? `“${claim.text}”` : claim.text
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

async function stream(form) {
  const fields = new FormData(form)
  const filter = {}
  for (const name of ["since", "until"]) if (fields.get(name)) filter[name] = fields.get(name)
  for (const name of ["category", "author", "tag", "paper"]) {
    const values = fields.getAll(name).filter(Boolean)
    if (values.length) filter[name] = values
  }
  const coming = document.getElementById("coming")
  const list = coming.querySelector("ol")
  list.replaceChildren()
  coming.hidden = false
  document.querySelector(".cols")?.remove()
  const reply = await fetch("/api/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ question: fields.get("question"), filter }),
  })
  if (!reply.ok) return false
  for await (const [name, document_] of events(reply)) {
    if (name === "claim") list.append(shown(document_))
    else if (name === "answer") {
      location.assign(`/answers/${document_.id}`)
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
