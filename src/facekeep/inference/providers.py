"""What ONNX Runtime could compute on here. facekeep asks for the CPU alone."""

_NOT_OF_THIS_MACHINE = ("CPUExecutionProvider", "AzureExecutionProvider")
"""The CPU, and a provider that asks a server elsewhere: every installation has both."""


def others() -> list[str]:
    """What else of this machine the installation could use, by ONNX Runtime's own names."""
    import onnxruntime

    return [name for name in onnxruntime.get_available_providers() if name not in _NOT_OF_THIS_MACHINE]
