"""Services, workloads and rules as the mesh sees them: objects of all kinds brought to one form."""
