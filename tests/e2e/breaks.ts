/** One property of a type broken behind the program's back, and the resources that a refresh has to name for it. */
export const breaks: readonly { machine: string; script: string; drifted: string[] }[] = [
    {
        machine: "volume-node",
        drifted: ["cloud-volume-volumes", "cloud-volume-node-clock"],
        script: "vgremove -q -f cinder-volumes; date -s '+2 hours' > /dev/null",
    },
    {
        machine: "compute-1",
        drifted: ["cloud-compute-1-nova-instances"],
        script: "head -c 2M /dev/zero > /var/lib/nova/instances/backup.img",
    },
    {
        machine: "db-node",
        drifted: [
            "cloud-db-names",
            "cloud-db-archive",
            "cloud-db-mysql-root",
            "cloud-db-database-glance",
            "cloud-db-grant-cinder",
            "cloud-db-rabbit-guest",
            "cloud-network-net1",
            "cloud-image-image-cirros",
        ],
        script: `sed -i '/10.0.0.5 image-node/d' /etc/hosts; rm /etc/apt/sources.list.d/openstack.list; chmod 644 /root/.my.cnf
            mysql -e "UPDATE nova.networks SET label = 'sabotage'; UPDATE glance.images SET name = 'sabotage'"
            mysql -e "ALTER DATABASE glance CHARACTER SET latin1; SET PASSWORD FOR 'cinderUser'@'%' = PASSWORD('wrong')"; rabbitmqctl -q change_password guest other`,
    },
    {
        machine: "auth-node",
        drifted: [
            "cloud-auth-openrc",
            "cloud-auth-ntp",
            "cloud-auth-keystone-db-sync",
            "cloud-auth-tenant-service",
            "cloud-auth-user-cinder",
            "cloud-auth-role-Member",
            "cloud-auth-grant-admin-KeystoneAdmin",
            "cloud-auth-service-ec2",
            "cloud-auth-endpoint-ec2",
            "cloud-auth-endpoint-cinder",
        ],
        script: `chmod 644 /root/openrc; systemctl stop ntp; rm /var/lib/classroom/steps/keystone-db-sync; . /root/openrc; export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0
            keystone tenant-update --description sabotage service; keystone user-update --enabled false cinder; keystone role-delete Member
            keystone user-role-remove --user admin --role KeystoneAdmin --tenant admin; keystone service-delete ec2
            url=http://10.0.0.99:8776/v1; keystone endpoint-create --region RegionOne --service-id $(keystone service-list | awk '/ cinder / { print $2 }') --publicurl $url --adminurl $url --internalurl $url > /dev/null`,
    },
    {
        machine: "image-node",
        drifted: ["cloud-image-glance-registry-paste", "cloud-image-node-ground"],
        script: `sed -i 's/^admin_password.*/admin_password = wrong/' /etc/glance/glance-registry-paste.ini
            echo '* * * * * root true' > /etc/cron.d/sabotage; chmod 700 /var/lib/glance/images; chown root /var/lib/glance/images; ip route add blackhole 10.77.0.0/16`,
    },
    {
        machine: "api-node",
        drifted: [
            "cloud-api-packages",
            "cloud-api-flavor-x1.tiny",
            "cloud-api-keypair",
            "cloud-api-root-key",
            "cloud-compute-2-nova-state",
            "cloud-network-floating",
            "cloud-network-rule-ssh",
        ],
        script: `. /root/openrc; nova flavor-delete 6; nova keypair-delete gridka-api-node; nova service-disable compute-2 nova-compute; nova floating-ip-bulk-delete 172.16.1.250
            nova secgroup-delete-rule default tcp 22 22 0.0.0.0/0; rm /root/.ssh/id_rsa
            apt-get -qq remove -y nova-doc > /dev/null 2>&1; apt-mark hold nova-doc > /dev/null`,
    },
    {
        machine: "network-node",
        drifted: ["cloud-network-ip-forward", "cloud-network-br100"],
        script: "echo 0 > /proc/sys/net/ipv4/ip_forward; ip link set eth3 nomaster",
    },
    {
        machine: "central",
        drifted: [
            "cloud-net-central-private-state",
            "cloud-net-central-nat",
            "cloud-volume-node-vm-seed",
            "cloud-volume-node-vm-domain",
        ],
        script: "virsh -q autostart volume-node; virsh -q net-destroy private; virsh -q net-autostart --disable nat; echo x >> /var/lib/libvirt/machines/volume-node-seed.iso.d/user-data",
    },
    {
        machine: "compute",
        drifted: ["cloud-compute-2-golden", "cloud-net-compute-host"],
        script: "virsh -q -c lxc:///system undefine compute-2-golden; iptables -I FORWARD -i br-nat -d 198.51.100.9 -j DROP",
    },
];
