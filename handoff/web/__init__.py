"""Routes: the JSON API, the pages and the sockets. The edge opens sessions and commits."""
