OPENSTACK_HOST = "auth-node.example.org"
