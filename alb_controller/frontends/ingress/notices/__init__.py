"""What users should know although it stops nobody: Warnings beside the problems."""
