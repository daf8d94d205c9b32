"""``python -m gateway``: the door for other machines."""

from gateway.service import serve_gateway
from runtime.process import run


def main() -> None:
    """Run the gateway until SIGTERM or SIGINT. Exits as ``runtime.process.run`` says."""
    run("gateway", serve_gateway)


if __name__ == "__main__":
    main()
