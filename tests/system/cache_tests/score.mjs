// Prints what became of each test of the suite, one line of JSON: [{id, suite, kind, result, why}].
// kind: required, optimal or check. result: pass, fail, or dependency, when a test that it builds on
// did not pass, so that nothing can be said (the suite's own page counts these as "untested").
//
//   node score.mjs SUITE_DIRECTORY RESULTS.json
import fs from 'fs'
import path from 'path'
import { pathToFileURL } from 'url'

const [directory, file] = process.argv.slice(2)
const load = async name =>
  (await import(pathToFileURL(path.resolve(directory, 'tests', name)))).default
const suites = [...await load('index.mjs'), await load('surrogate-control.mjs')]
const results = JSON.parse(fs.readFileSync(file))
const told = []
for (const suite of suites) {
  for (const test of suite.tests) {
    if (test.browser_only) continue
    const outcome = results[test.id]
    const unmet = (test.depends_on || []).some(id => results[id] !== true)
    told.push({
      id: test.id,
      suite: suite.id,
      kind: test.kind || 'required',
      result: outcome === true ? 'pass' : unmet ? 'dependency' : 'fail',
      why: outcome === true ? '' : (outcome || ['', 'did not run'])[1]
    })
  }
}
console.log(JSON.stringify(told))
