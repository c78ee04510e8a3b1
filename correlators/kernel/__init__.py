"""The lattice, the join, the routing of facts between dossiers, and the correlator that judges."""
