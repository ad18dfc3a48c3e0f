from spec_to_production.specs.reader import parse_spec, read_spec

__all__ = ["parse_spec", "read_spec"]
