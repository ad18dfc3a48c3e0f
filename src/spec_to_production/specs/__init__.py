from spec_to_production.specs.reader import parse_spec, read_spec
from spec_to_production.specs.unclaimed import problems_of

__all__ = ["parse_spec", "problems_of", "read_spec"]
