"""How the default encoder's adapter was tuned: see README.md here. Nothing of it runs in service."""
