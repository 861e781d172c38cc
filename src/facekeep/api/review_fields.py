"""What is asked of reviewers, as it is called in the API and in the command line's JSON lines."""

from facekeep.api.fields import Fields, paths
from facekeep.domain.faces import Box
from facekeep.domain.review import Candidate, who_stays
from facekeep.store.apart import ProposalRow
from facekeep.store.review import SuggestionRow


def suggestion_fields(row: SuggestionRow) -> Fields:
    """A question about a face: its box in fractions and in pixels of the upright photo."""
    box = Box(row.x, row.y, row.width, row.height)
    pixels = box.pixels(row.photo_width, row.photo_height)
    return {
        "face": row.face,
        "photo": row.photo,
        "files": paths(row.files),
        "box": {"x": box.x, "y": box.y, "width": box.width, "height": box.height},
        "box_px": {"x": pixels.x, "y": pixels.y, "width": pixels.width, "height": pixels.height},
        "quality": row.quality,
        "taken_at": row.taken_at,
        "person": row.person,
        "name": row.name,
        "confidence": round(row.confidence, 4),
        "distance": round(row.distance, 4),
        "reason": row.reason,
        "suggested_at": row.suggested_at,
        "skipped": row.skipped,
    }


def proposal_fields(row: ProposalRow) -> Fields:
    """A question about two people, and who of them would stay."""
    one = Candidate(row.one, row.one_name is not None, row.one_faces)
    other = Candidate(row.other, row.other_name is not None, row.other_faces)
    return {
        "one": {
            "person": row.one,
            "name": row.one_name,
            "hidden": row.one_hidden,
            "faces": row.one_faces,
            "shown": row.one_shown,
        },
        "other": {
            "person": row.other,
            "name": row.other_name,
            "hidden": row.other_hidden,
            "faces": row.other_faces,
            "shown": row.other_shown,
        },
        "stays": who_stays(one, other).person,
        "distance": round(row.distance, 4),
        "doubt": round(row.doubt, 4),
        "reason": {
            "near": row.near,
            "compared": row.compared,
            "nearest": round(row.nearest, 4),
            "mean": round(row.mean, 4),
        },
        "proposed_at": row.proposed_at,
        "skipped": row.skipped,
    }
