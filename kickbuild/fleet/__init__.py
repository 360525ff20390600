"""Many boxes at once: their kickstarts from one profile and an inventory, and the front of the playbook."""
