-- name: place
SELECT place_events();

-- name: after
-- Of a decision also what it was: its numbers are there once it is committed, as is the event.
SELECT e.position, e.kind, e.number, e.state, d.verb, d.actor, d.account, d.about, d.facts
FROM event e LEFT JOIN decision d ON e.kind = 'decision' AND d.id = e.number
WHERE e.position > %(after)s AND (%(until)s::bigint IS NULL OR e.position <= %(until)s)
ORDER BY e.position LIMIT %(limit)s;

-- name: oldest
SELECT min(position) FROM event;
