"""What is true: the shapes of evidence, activities, facts, dossiers, verdicts and findings."""
