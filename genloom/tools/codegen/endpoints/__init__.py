"""The API's endpoints, in groups: each method is one request and returns its typed answer."""
