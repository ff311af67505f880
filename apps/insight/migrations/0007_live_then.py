import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0002_absence"), ("insight", "0006_customers")]

    operations = [
        migrations.AddField(model_name="livedepartment", name="replaced_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name="livedepartment",
            name="department",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="directory.orgunit"),
        ),
        migrations.AddConstraint(
            model_name="livedepartment",
            constraint=models.UniqueConstraint(condition=models.Q(("replaced_at", None)), fields=("department",), name="insight_one_live_day"),
        ),
    ]
