-- name: people
-- What is in braces is one of our own fragments: three numbers that the order is by, most first; and, of a search, who fits.
WITH {found}
kept AS (
    SELECT p.id, p.name, p.hidden, p.version, coalesce(p.cover_face_id, n.best_face) AS cover, coalesce(n.faces, 0) AS faces, coalesce(n.photos, 0) AS photos,
           {keys}
    FROM person p {narrowed}
    WHERE p.merged_into IS NULL AND NOT p.gone
      AND (%(hidden)s::boolean IS NULL OR p.hidden = %(hidden)s)
      AND (%(named)s::boolean IS NULL OR (p.name IS NOT NULL) = %(named)s)
      AND (p.name IS NOT NULL OR n.faces > 0)
), cut AS (
    SELECT * FROM kept WHERE %(after_id)s::bigint IS NULL
       OR (first, second, third, -id) < (%(after_first)s::bigint, %(after_second)s::bigint, %(after_third)s::bigint, -%(after_id)s)
    ORDER BY first DESC, second DESC, third DESC, id
    LIMIT %(limit)s
)
SELECT c.id AS person, c.name, c.faces, c.photos, c.hidden, c.version, c.cover,
       (SELECT count(*) FROM kept) AS total, c.first, c.second, c.third
FROM cut c ORDER BY c.first DESC, c.second DESC, c.third DESC, c.id

-- name: by_name
-- As `people`, in the order of their names; those without one come last.
WITH {found}
kept AS (
    SELECT p.id, p.name, p.hidden, p.version, coalesce(p.cover_face_id, n.best_face) AS cover, coalesce(n.faces, 0) AS faces, coalesce(n.photos, 0) AS photos,
           coalesce(k.folded, U&'\FFFF') AS key
    FROM person p {narrowed} LEFT JOIN called k ON k.person_id = p.id AND NOT k.alias
    WHERE p.merged_into IS NULL AND NOT p.gone
      AND (%(hidden)s::boolean IS NULL OR p.hidden = %(hidden)s)
      AND (%(named)s::boolean IS NULL OR (p.name IS NOT NULL) = %(named)s)
      AND (p.name IS NOT NULL OR n.faces > 0)
), cut AS (
    SELECT * FROM kept WHERE %(after_id)s::bigint IS NULL OR (key COLLATE "C", id) > (%(after_key)s::text COLLATE "C", %(after_id)s)
    ORDER BY key COLLATE "C", id
    LIMIT %(limit)s
)
SELECT c.id AS person, c.name, c.faces, c.photos, c.hidden, c.version, c.cover,
       (SELECT count(*) FROM kept) AS total, c.key
FROM cut c ORDER BY c.key COLLATE "C", c.id

-- name: person
SELECT c.id AS person, c.name, coalesce(n.faces, 0) AS faces, coalesce(n.photos, 0) AS photos, c.hidden, c.version,
       coalesce(c.cover_face_id, n.best_face) AS cover
FROM person c LEFT JOIN person_count n ON n.person_id = c.id
WHERE c.id = %(person)s AND c.merged_into IS NULL AND NOT c.gone AND (c.name IS NOT NULL OR n.faces > 0)

-- name: found
-- How well names and other names fit a text: 0 the same, 1 begins with it, 2 words begin with its words, 3 holds it;
-- then those that are only like it, as they were judged before.
asked AS MATERIALIZED (
    SELECT folded(%(query)s::text) AS text
), pieces AS MATERIALIZED (
    SELECT g AS gram FROM asked, grams(text, false) AS g
), inner_pieces AS MATERIALIZED (
    SELECT DISTINCT substr(text, n, 3) AS gram FROM asked, generate_series(1, length(text) - 2) AS n
    WHERE substr(text, n, 3) !~ ' '
), short_pieces AS MATERIALIZED (
    SELECT text AS gram FROM asked WHERE length(text) < 3
), candidates AS MATERIALIZED (
    SELECT called_id FROM called_gram WHERE gram IN (SELECT gram FROM pieces)
    GROUP BY called_id HAVING count(*) = (SELECT count(*) FROM pieces)
    UNION
    SELECT called_id FROM called_gram WHERE gram IN (SELECT gram FROM inner_pieces)
    GROUP BY called_id HAVING count(*) = (SELECT count(*) FROM inner_pieces)
    UNION
    SELECT called_id FROM called_gram WHERE gram IN (SELECT gram FROM short_pieces)
), found AS MATERIALIZED (
    SELECT person_id, min(rank) AS rank FROM (
        SELECT k.person_id, CASE
            WHEN k.folded = asked.text THEN 0
            WHEN starts_with(k.folded, asked.text) THEN 1
            WHEN NOT EXISTS (SELECT FROM unnest(string_to_array(asked.text, ' ')) AS word
                             WHERE strpos(' ' || k.folded, ' ' || word) = 0) THEN 2
            WHEN strpos(k.folded, asked.text) > 0 THEN 3 END AS rank
        FROM asked, candidates c JOIN called k ON k.id = c.called_id WHERE asked.text <> ''
        UNION ALL
        SELECT * FROM unnest(%(like_people)s::bigint[], %(like_ranks)s::integer[])
    ) AS ranked WHERE rank IS NOT NULL GROUP BY person_id
),

-- name: alike
-- Names that share at least half of a text's pieces, those that share most first: for a closer look.
WITH pieces AS MATERIALIZED (
    SELECT g AS gram FROM grams(folded(%(query)s::text), false) AS g
), shared AS MATERIALIZED (
    SELECT called_id, count(*) AS common FROM called_gram WHERE gram IN (SELECT gram FROM pieces)
    GROUP BY called_id HAVING count(*) * 2 >= (SELECT count(*) FROM pieces)
    ORDER BY common DESC, called_id LIMIT 100
)
SELECT k.person_id, k.folded, folded(%(query)s::text) FROM shared s JOIN called k ON k.id = s.called_id;

-- name: all_people
SELECT p.id AS person, p.name, coalesce(n.faces, 0) AS faces, coalesce(n.photos, 0) AS photos, p.hidden,
       p.cover_face_id AS cover, p.version
FROM person p LEFT JOIN person_count n ON n.person_id = p.id
WHERE p.merged_into IS NULL AND NOT p.gone AND (p.name IS NOT NULL OR n.faces > 0)
ORDER BY (p.name IS NOT NULL)::int DESC, coalesce(n.faces, 0) DESC, p.id;

-- name: wrongly_counted
-- Counts that are not what counting gives: none, at any moment.
SELECT 'person' AS kind, p.id, n.faces, c.faces AS counted
FROM person p LEFT JOIN person_count n ON n.person_id = p.id
CROSS JOIN LATERAL (SELECT count(*) AS faces, count(DISTINCT a.photo_id) AS photos FROM counted a WHERE a.person_id = p.id) AS c
WHERE (coalesce(n.faces, 0), coalesce(n.photos, 0)) <> (c.faces, c.photos)
UNION ALL
SELECT 'photo', h.id, n.faces, c.faces
FROM photo h LEFT JOIN photo_count n ON n.photo_id = h.id
CROSS JOIN LATERAL (SELECT count(*) AS faces, count(p.name) AS named
                    FROM counted_face f LEFT JOIN counted a ON a.face_id = f.face_id LEFT JOIN person p ON p.id = a.person_id
                    WHERE f.photo_id = h.id) AS c
WHERE (coalesce(n.faces, 0), coalesce(n.named, 0)) <> (c.faces, c.named)
UNION ALL
SELECT 'called', coalesce(k.person_id, p.id), NULL, NULL
FROM (SELECT p.id, folded(n) AS folded FROM person p, unnest(p.aliases || p.name) AS n
      WHERE n IS NOT NULL AND p.merged_into IS NULL AND NOT p.gone GROUP BY p.id, folded(n)) AS p
FULL JOIN called k ON (k.person_id, k.folded) = (p.id, p.folded)
WHERE k.id IS NULL OR p.id IS NULL;
