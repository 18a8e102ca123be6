"""`python -m pipelines` is `wendu`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
