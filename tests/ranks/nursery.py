"""What the server that forks members has loaded."""
import api  # noqa: F401
import processes

processes.types()
