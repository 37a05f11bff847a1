// What the library's page gains by script: files can be dropped on the form, and the list of work stays up to date.

const form = document.getElementById("import")
const LARGEST = 256 * 1024 * 1024

if (form) {
  const files = form.elements.file
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault()
      form.classList.toggle("over", name === "dragover")
      if (name === "drop" && event.dataTransfer.files.length) {
        files.files = event.dataTransfer.files
        files.dispatchEvent(new Event("change"))
      }
    })
  }
  files.addEventListener("change", () => {
    const size = [...files.files].reduce((sum, file) => sum + file.size, 0)
    files.setCustomValidity(size > LARGEST ? "These files are larger than 256 MB. Send fewer at a time." : "")
    files.reportValidity()
  })
}

async function refresh() {
  const reply = await fetch("/library")
  if (!reply.ok || reply.redirected) return
  const jobs = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("jobs")
  const now = document.getElementById("jobs")
  // an opened list of rejects stays as it is until the reader closes it
  if (jobs && jobs.innerHTML !== now.innerHTML && !now.querySelector("details[open]")) now.replaceWith(jobs)
}

async function follow() {
  while (document.querySelector("#jobs [data-open]")) {
    await new Promise((done) => setTimeout(done, 1500))
    if (document.visibilityState === "visible") await refresh().catch(() => {})
  }
}
follow()
