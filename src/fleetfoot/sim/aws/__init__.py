"""A simulated AWS: services whose tasks take time to start and to drain, behind the calls fleetfoot makes."""
