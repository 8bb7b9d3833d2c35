// How the site's search orders what it finds: Sphinx's own scores, more where the title has a word that was looked for,
// and guides before background.
// A `var`, as which Sphinx declares it a second time.
var Scorer = {
  score: ([page, title, , , score]) => {
    const places = [
      [/^docs\/(how-to\/|quickstart$|tutorial$|reference$|api$)/, 6],
      [/^docs\/results\//, -2],
      [/^docs\/decisions\//, -4],
      [/^(README|CHANGELOG|docs\/README)$/, -6],
    ];
    const place = places.find(([pattern]) => pattern.test(page))?.[1] ?? 0;
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const words = query.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
    return score + place + 3 * words.filter((word) => title.toLowerCase().includes(word)).length;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
