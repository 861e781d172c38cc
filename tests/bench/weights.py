"""Where the weights of dlib's models lie: in a package, as data, found without importing it."""

import importlib.util
from pathlib import Path

HUMAN_FACES = "mmod_human_face_detector.dat"
RESNET = "dlib_face_recognition_resnet_model_v1.dat"
FIVE_POINTS = "shape_predictor_5_face_landmarks.dat"


def weights(name: str) -> str:
    """The path of a file of face_recognition_models, as dlib wants it."""
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the benchmarks need the package face_recognition_models: run script/setup --dev")
    return str(Path(next(iter(spec.submodule_search_locations))) / "models" / name)
