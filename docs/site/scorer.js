// How the site's search orders what it finds: Sphinx's own scores, and guides before background.
const places = [
  [/^docs\/(how-to\/|quickstart$|tutorial$|reference$|api$)/, 6],
  [/^docs\/results\//, -2],
  [/^docs\/decisions\//, -4],
  [/^(README|CHANGELOG|docs\/README)$/, -6],
];
// A `var`, as which Sphinx declares it a second time.
var Scorer = {
  score: ([page, , , , score]) => score + (places.find(([pattern]) => pattern.test(page))?.[1] ?? 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
