"""The JSON API under /api/v1: typed, described by OpenAPI, errors as problem+json."""
